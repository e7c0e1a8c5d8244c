//! Memory, depth and output are bounded, and what is forgotten is said.

use artifact::Blob;

use super::super::oddity::PickleOddity;
use super::super::show::Listing;
use super::super::{
    Arrays, Bounds, Ended, Event, EventKind, Heap, Options, Stream, Unwatched, View, Watcher,
    interpret,
};

fn run(bytes: Vec<u8>, options: &Options) -> (Stream, Heap) {
    interpret(&Blob::from_vec(bytes), 0, options, &mut Unwatched)
}

fn both() -> [Options; 2] {
    [Options::bounded(Arrays::Plain), Options::full(Arrays::Plain)]
}

/// A list of `count` dicts as protocol 4 writes it, every dict and every text memoized.
fn records(count: u32) -> Vec<u8> {
    let mut out = b"\x80\x04]\x94".to_vec();
    for n in 0..count {
        out.extend_from_slice(b"}\x94(\x8c\x02id\x94J");
        out.extend_from_slice(&n.to_le_bytes());
        out.extend_from_slice(b"\x8c\x04tags\x94]\x94(K\x01K\x02eua");
    }
    out
}

#[test]
fn names_put_away_at_the_start_are_known_at_the_end() {
    let mut bytes =
        b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x940\x8c\x07echo hi\x85\x940".to_vec();
    bytes.extend_from_slice(&records(600_000)[2..]);
    bytes.extend_from_slice(b"0h\x00h\x01\x93\x8c\x07echo hi\x85R.");
    let mut listing = Listing::new(9);
    let blob = Blob::from_vec(bytes);
    let (stream, heap) = interpret(&blob, 0, &Options::bounded(Arrays::Plain), &mut listing);
    assert_eq!(stream.ended, Ended::Stop);
    assert!(listing.lines()[1].ends_with("v1 = posix.system('echo hi')"), "{:?}", listing.lines());
    assert!(heap.nodes.len() < 200_000, "{}", heap.nodes.len());
}

/// Globals, calls and what holds them stay in the memo; containers of plain values do not.
#[test]
fn a_collection_keeps_what_can_do_harm() {
    let mut bytes = b"cm\nf\nq\x000h\x00)Rq\x010h\x00\x85q\x020K\x01\x85q\x030".to_vec();
    bytes.extend(b"K\x01\x850".repeat(500_000));
    bytes.extend_from_slice(b"(h\x00h\x01h\x02h\x03t.");
    let (stream, heap) = run(bytes, &Options::bounded(Arrays::Plain));
    assert_eq!(stream.oddities, []);
    let shown = heap.show(stream.result.unwrap(), Bounds::default());
    assert_eq!(shown, "(m.f, v1, (m.f,), <forgotten>)");
}

#[test]
fn a_forgotten_list_takes_items_as_quietly_as_a_list() {
    let mut bytes = b"]q\x000".to_vec();
    bytes.extend(b"K\x01\x850".repeat(500_000));
    bytes.extend_from_slice(b"h\x00K\x01a.");
    let mut listing = Listing::new(9);
    let blob = Blob::from_vec(bytes);
    interpret(&blob, 0, &Options::bounded(Arrays::Plain), &mut listing);
    assert_eq!(listing.lines(), ["@2000009  return <forgotten>"]);
}

#[test]
fn a_million_memoized_calls_are_no_limit() {
    let mut bytes = b"\x80\x04cdatetime\ndate\n\x940]".to_vec();
    bytes.extend(b"h\x00C\x04\x07\xea\x01\x01\x85\x94R\x94a".repeat(1_000_000));
    bytes.extend_from_slice(b"0h\x00.");
    let (stream, heap) = run(bytes, &Options::bounded(Arrays::Plain));
    assert_eq!(stream.ended, Ended::Stop);
    assert!(matches!(heap.view(stream.result.unwrap()), View::Global(_)));
    assert!(heap.weight < 160 << 20, "{}", heap.weight);
}

#[test]
fn structure_grows_with_what_is_kept_alone() {
    let mut bytes = records(300_000);
    bytes.push(b'.');
    let (stream, heap) = run(bytes.clone(), &Options::bounded(Arrays::Plain));
    let View::List(items) = heap.view(stream.result.unwrap()) else { panic!() };
    assert_eq!((items.shown.len(), items.total), (1024, 300_000));
    assert!(heap.weight < 16 << 20, "{}", heap.weight);

    let (stream, heap) = run(bytes, &Options::full(Arrays::Plain));
    let View::List(items) = heap.view(stream.result.unwrap()) else { panic!() };
    assert_eq!(items.shown.len(), 300_000);
}

#[test]
fn limits_end_it() {
    for (what, opcode) in [("stack", b"N".as_slice()), ("marks", b"("), ("memo", b"N\x940")] {
        let options = Options { max_memory: 1 << 20, ..Options::bounded(Arrays::Plain) };
        let (stream, _) = run(opcode.repeat(1_000_000), &options);
        assert!(matches!(stream.ended, Ended::Exhausted(_)), "{what}: {:?}", stream.ended);
    }
    let options = Options { max_opcodes: 4096, ..Options::bounded(Arrays::Plain) };
    let (stream, _) = run(b"N0".repeat(9000), &options);
    assert_eq!(stream.ended, Ended::Exhausted("more than 4096 opcodes".to_owned()));
    assert_eq!(stream.opcodes, 4096);
}

#[test]
fn large_indices_cost_nothing() {
    let mut bytes = b"N".to_vec();
    for power in 0..62 {
        bytes.extend_from_slice(format!("p{}\n", 1u64 << power).as_bytes());
    }
    bytes.extend_from_slice(b"0g4611686018427387904\n\x94.");
    let (stream, heap) = run(bytes, &Options::bounded(Arrays::Plain));
    assert!(matches!(stream.ended, Ended::Stop));
    assert!(stream.oddities.iter().any(|it| it.kind == PickleOddity::MissingMemo));
    assert_eq!(heap.nodes.len(), 0);
}

#[test]
fn billion_laughs() {
    let mut bytes = b"\x8c\x03lol".to_vec();
    bytes.extend(b"2\x86".repeat(5000));
    bytes.extend(b"2222(ttttt".repeat(50));
    bytes.push(b'.');
    for options in both() {
        let (stream, heap) = run(bytes.clone(), &options);
        let bounds = Bounds { depth: 60, width: 60, literal: 60, length: 3000 };
        let shown = heap.show(stream.result.unwrap(), bounds);
        assert!(shown.len() < 9000, "{}", shown.len());
    }
}

#[test]
fn depth_is_no_recursion() {
    const DEEP: usize = 1_000_000;
    let marks = [b"(".repeat(DEEP), b"t".repeat(DEEP), b".".to_vec()].concat();
    let lists = [b"]".repeat(DEEP), b"a".repeat(DEEP - 1), b".".to_vec()].concat();
    let tuples = [b")".to_vec(), b"\x85".repeat(DEEP), b".".to_vec()].concat();
    let states = [b"cm\nC\n)\x81".to_vec(), b"2b".repeat(DEEP), b".".to_vec()].concat();
    let calls = [b"cm\nf\n".to_vec(), b")R".repeat(DEEP), b".".to_vec()].concat();
    for bytes in [marks, lists, tuples, states, calls] {
        for options in both() {
            let (stream, heap) = run(bytes.clone(), &options);
            assert_eq!(stream.ended, Ended::Stop);
            let bounds = Bounds { depth: usize::MAX, ..Bounds::default() };
            heap.show(stream.result.unwrap(), bounds);
            drop(heap.clone());
        }
    }
}

#[test]
fn no_oddity_crowds_out_another() {
    let bytes = [b"h\x05".repeat(1000), b"\x80\x09.".to_vec()].concat();
    let (stream, _) = run(bytes, &Options::bounded(Arrays::Plain));
    assert_eq!(stream.oddity_count, 1003);
    assert_eq!(stream.oddities.len(), 19);
    assert!(stream.oddities.iter().any(|it| it.kind == PickleOddity::UnsupportedProtocol));
}

#[test]
fn names_and_lines_are_cut() {
    let long = "x".repeat(200_000);
    for (bytes, kind) in [
        (format!("c{long}\n{long}\n."), PickleOddity::LongName),
        (format!("V{long}\nS'{long}'\n\u{93}."), PickleOddity::LongName),
    ] {
        // U+0093 stands for the byte.
        let bytes: Vec<u8> = bytes.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let (stream, heap) = run(bytes, &Options::bounded(Arrays::Plain));
        assert_eq!(stream.ended, Ended::Stop);
        assert!(stream.oddities.iter().all(|it| it.kind == kind), "{:?}", stream.oddities);
        let global = heap.global(stream.result.unwrap()).unwrap();
        assert_eq!(global.known().unwrap().0.len(), 512);
    }
    let (stream, heap) = run(format!("I{long}\n.").into_bytes(), &both()[0]);
    assert!(matches!(heap.view(stream.result.unwrap()), View::BigInt));
}

/// Texts and bytes are told from a certain length on, with where they stand.
#[test]
fn literals_are_told() {
    #[derive(Default)]
    struct Literals(Vec<(u64, u64)>);
    impl Watcher for Literals {
        fn event(&mut self, _: &Heap, event: &Event) {
            if let EventKind::Bytes { content } | EventKind::Text { content } = event.kind {
                self.0.push((content.start, content.len()));
            }
        }
    }
    let bytes = [
        b"C\x0f".as_slice(),
        &[b'.'; 15],
        b"C\x10",
        &[b'.'; 16],
        b"\x8c\x1f",
        &[b'.'; 31],
        b"\x8c\x20",
        &[b'.'; 32],
        b".",
    ]
    .concat();
    let mut literals = Literals::default();
    interpret(&Blob::from_vec(bytes), 0, &Options::bounded(Arrays::Plain), &mut literals);
    assert_eq!(literals.0, [(19, 16), (70, 32)]);
}
