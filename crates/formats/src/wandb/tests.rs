use super::*;
use crate::harness::survive;

/// The log of `samples.txt`, and what the real reader makes of it.
fn sample() -> (Vec<u8>, Vec<&'static str>) {
    let (mut bytes, mut lines) = (Vec::new(), Vec::new());
    for line in include_str!("samples.txt").lines() {
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "hex" => bytes.extend(
                (0..rest.len())
                    .step_by(2)
                    .map(|at| u8::from_str_radix(&rest[at..at + 2], 16).unwrap()),
            ),
            "point" => lines.push(rest),
            _ => {}
        }
    }
    (bytes, lines)
}

fn of(bytes: &[u8]) -> Log {
    read(&Blob::from_vec(bytes.to_vec()))
}

fn kinds(log: &Log) -> Vec<OddityKind> {
    log.oddities.iter().map(|odd| odd.kind).collect()
}

/// A piece with the checksum that belongs to it.
fn piece(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[kind]);
    crc.update(bytes);
    let mut out = crc.finalize().to_le_bytes().to_vec();
    out.extend(u16::try_from(bytes.len()).unwrap().to_le_bytes());
    out.push(kind);
    out.extend_from_slice(bytes);
    out
}

#[test]
fn reads_what_the_real_reader_reads() {
    let (bytes, lines) = sample();
    let log = of(&bytes);
    assert_eq!(kinds(&log), []);
    assert!(log.producer.raw().starts_with("0.31.0"));
    assert_eq!((log.name.raw(), log.project.raw(), log.begins), ("first", "p", 1));
    assert_eq!((log.exit, log.others), (Some(0), 3));
    let config: Vec<_> = log.config.iter().map(|(n, v)| (n.raw(), v.raw())).collect();
    assert_eq!(config, [("lr", "0.001"), ("layers", "{\"n\":2}")]);
    let mut read: Vec<String> = log
        .points
        .iter()
        .map(|p| format!("{} {} {} {}", p.metric.raw(), p.step, p.wall_time.unwrap(), p.value))
        .collect();
    let mut expected: Vec<String> = lines
        .iter()
        .map(|line| {
            let mut words = line.split(' ');
            let (name, step) = (words.next().unwrap(), words.next().unwrap());
            let number = |word: Option<&str>| word.unwrap().parse::<f64>().unwrap();
            format!("{name} {step} {} {}", number(words.next()), number(words.next()))
        })
        .collect();
    read.sort();
    expected.sort();
    assert_eq!(read, expected);
    assert!(log.opaque.is_empty());
}

#[test]
fn joins_the_pieces_of_a_record_across_blocks() {
    let (bytes, _) = sample();
    let mut run = vec![0x8a, 0x01];
    // A run whose name is longer than a block.
    let name = "n".repeat(3000);
    let mut inner = vec![0x42, 0xb8, 0x17];
    inner.extend(name.as_bytes());
    run.extend([0xbb, 0x17]);
    run.extend(&inner);
    let mut out = bytes[..7].to_vec();
    // Fill the first block but for five bytes, which no piece fits into.
    let fill = vec![0; 32768 - 7 - 7 - 5];
    out.extend(piece(1, &fill));
    out.extend([0; 5]);
    out.extend(piece(2, &run[..1000]));
    out.extend(piece(3, &run[1000..2000]));
    out.extend(piece(4, &run[2000..]));
    let log = of(&out);
    assert_eq!(log.name.raw(), name);
    assert_eq!(kinds(&log), [OddityKind::Wire], "the filling is no record");
}

#[test]
fn what_is_broken_is_told_and_read_as_far_as_it_goes() {
    let (bytes, _) = sample();
    let all = of(&bytes);
    let mut changed = bytes.clone();
    changed[7] ^= 1;
    assert_eq!(kinds(&of(&changed)), [OddityKind::Checksum]);
    let mut out = bytes.clone();
    out.extend(piece(2, b"abc"));
    out.extend(piece(1, b""));
    out.extend(piece(9, b""));
    out.extend(piece(2, b""));
    let log = of(&out);
    let expected = [OddityKind::Piece, OddityKind::Wire, OddityKind::Piece, OddityKind::Truncated];
    let mut found = kinds(&log);
    found.sort_by_key(|kind| format!("{kind:?}"));
    assert_eq!(found.len(), expected.len(), "{found:?}");
    assert!(expected.iter().all(|kind| found.contains(kind)));
    assert_eq!(log.points.len(), all.points.len());
    let mut version = bytes.clone();
    version[6] = 1;
    assert_eq!(kinds(&of(&version)), [OddityKind::Version]);
}

#[test]
fn what_is_no_record_of_a_run_is_kept_to_be_looked_into() {
    let mut artifact = vec![0x42, 0x64];
    artifact.extend([0x80; 100]);
    let mut out = b":W&B\xe1\xbe\0".to_vec();
    out.extend(piece(1, &artifact));
    assert_eq!(of(&out).opaque, [(7, vec![0x80; 100])]);
}

#[test]
fn every_cut_is_survived() {
    let (bytes, _) = sample();
    let records = of(&bytes).records;
    let mut whole = 0;
    for len in 7..=bytes.len() {
        let log = of(&bytes[..len]);
        whole += u64::from(log.oddities.is_empty());
        assert!(log.records <= records);
    }
    assert_eq!(whole, records + 1);
    survive(&bytes, |blob| drop(read(blob)));
}
