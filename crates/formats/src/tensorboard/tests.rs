use super::*;
use crate::harness::survive;

/// A file of `samples.txt`, and what the real reader makes of it.
fn sample(name: &str) -> (Vec<u8>, Vec<&'static str>) {
    let (mut bytes, mut lines, mut inside) = (Vec::new(), Vec::new(), false);
    for line in include_str!("samples.txt").lines() {
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "file" => inside = rest == name,
            "hex" if inside => bytes.extend(
                (0..rest.len())
                    .step_by(2)
                    .map(|at| u8::from_str_radix(&rest[at..at + 2], 16).unwrap()),
            ),
            "scalar" if inside => lines.push(rest),
            _ => {}
        }
    }
    (bytes, lines)
}

fn of(bytes: &[u8]) -> Events {
    read(&Blob::from_vec(bytes.to_vec()))
}

fn kinds(events: &Events) -> Vec<OddityKind> {
    events.oddities.iter().map(|odd| odd.kind).collect()
}

#[test]
fn reads_what_the_real_reader_reads() {
    for name in ["tensorboard", "tensorboardX"] {
        let (bytes, mut lines) = sample(name);
        assert!(is_events(&Blob::from_vec(bytes.clone())));
        let events = of(&bytes);
        assert_eq!(events.version.raw(), "brain.Event:2");
        assert_eq!(kinds(&events), [], "{name}");
        let mut read: Vec<String> = events
            .scalars
            .iter()
            .map(|s| {
                let value = s.value.to_string().to_lowercase();
                format!("{} {} {} {value}", s.tag.raw(), s.step, s.wall_time)
            })
            .collect();
        let mut lines: Vec<String> = lines.drain(..).map(|l| l.replace(".0 ", " ")).collect();
        for line in &mut lines {
            *line = line.strip_suffix(".0").unwrap_or(line).to_owned();
        }
        read.sort();
        lines.sort();
        assert_eq!(read, lines, "{name}");
    }
}

#[test]
fn reads_hyper_parameters_checkpoints_and_what_is_no_scalar() {
    let events = of(&sample("tensorboard").0);
    let mut read = events.hyper_parameters.clone();
    read.sort();
    let expected = [("bf16", "true"), ("lr", "0.001"), ("optimizer", "adamw")];
    assert_eq!(read, expected.map(|(name, value)| (name.into(), value.into())));
    assert_eq!(events.checkpoints, [(20, "checkpoint-20".into())]);
    let events = of(&sample("tensorboardX").0);
    assert_eq!(events.others.iter().map(|(_, count)| count).sum::<u64>(), 2);
    // The text is longer than what is too short to hide anything.
    assert_eq!(events.opaque.len(), 1);
}

#[test]
fn a_wrong_checksum_is_told_and_a_broken_length_ends_it() {
    let (bytes, _) = sample("tensorboardX");
    let all = of(&bytes);
    let second = usize::try_from(all.scalars[1].at).unwrap();
    let mut value = bytes.clone();
    value[second + 20] ^= 1;
    let events = of(&value);
    assert_eq!(kinds(&events), [OddityKind::Checksum]);
    assert_eq!(events.records, all.records);
    let mut length = bytes.clone();
    length[second] ^= 1;
    let events = of(&length);
    assert_eq!(kinds(&events), [OddityKind::LengthChecksum]);
    assert_eq!(events.scalars, all.scalars[..1]);
    assert_eq!(events.regions, [Region::new(0, second as u64, "events")]);
    let events = of(&bytes[..bytes.len() - 1]);
    assert_eq!(kinds(&events), [OddityKind::Truncated]);
    assert_eq!(events.scalars, all.scalars);
}

#[test]
fn every_cut_that_is_not_between_records_is_told() {
    let (bytes, _) = sample("tensorboard");
    let mut ends = 0;
    for len in 0..bytes.len() {
        let events = of(&bytes[..len]);
        ends += u64::from(events.oddities.is_empty());
        assert!(events.records <= of(&bytes).records);
    }
    assert_eq!(ends, of(&bytes).records, "nothing, and each record but the last");
    survive(&bytes, |blob| drop(read(blob)));
}

#[test]
fn a_declared_length_is_not_believed() {
    let length = u64::MAX.to_le_bytes();
    let mut bytes = length.to_vec();
    bytes.extend(masked(&length).to_le_bytes());
    bytes.extend([9; 40]);
    let events = of(&bytes);
    assert!(kinds(&events).contains(&OddityKind::Truncated));
    assert_eq!(events.records, 1);
}
