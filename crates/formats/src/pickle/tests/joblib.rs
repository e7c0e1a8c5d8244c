//! Files of joblib 1.6 and numpy 2.4, and what may be done to them.

use artifact::Blob;

use super::super::oddity::PickleOddity;
use super::super::{Arrays, Bounds, Ended, Heap, Options, Stream, Unwatched, interpret};
use super::trace_with;

/// `joblib.dump({"a": np.arange(6, dtype="<f4").reshape(2, 3),
/// "b": [np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3))]}, …)`
pub(super) const TWO_ARRAYS: &[u8] = b"\
    \x80\x04\x95\xda\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94\x8c\x13joblib.numpy_pick\
    le\x94\x8c\x11NumpyArrayWrapper\x94\x93\x94)\x81\x94}\x94(\x8c\x08subclass\x94\x8c\x05nu\
    mpy\x94\x8c\x07ndarray\x94\x93\x94\x8c\x05shape\x94K\x02K\x03\x86\x94\x8c\x05order\x94\
    \x8c\x01C\x94\x8c\x05dtype\x94h\x08\x8c\x05dtype\x94\x93\x94\x8c\x02f4\x94\x89\x88\x87\
    \x94R\x94(K\x03\x8c\x01<\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94b\x8c\nallow_\
    mmap\x94\x88\x8c\x1bnumpy_array_alignment_bytes\x94K\x10ub\n\xff\xff\xff\xff\xff\xff\xff\
    \xff\xff\xff\x00\x00\x00\x00\x00\x00\x80?\x00\x00\x00@\x00\x00@@\x00\x00\x80@\x00\x00\
    \xa0@\x95O\x00\x00\x00\x00\x00\x00\x00\x8c\x01b\x94]\x94h\x04)\x81\x94}\x94(h\x07h\nh\
    \x0bK\x02K\x03\x86\x94h\x0d\x8c\x01F\x94h\x0fh\x11\x8c\x02i8\x94\x89\x88\x87\x94R\x94(K\
    \x03h\x15NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bh\x17\x88h\x18K\x10ub\x0f\xff\
    \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\
    \x03\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\
    \x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00au.";

/// `joblib.dump([np.array(["x", {"k": 1}], dtype=object),
/// np.array([(1, "o")], dtype=[("a", "<i4"), ("o", "O")]), np.array(["ab", "cde"])], …)`
const OBJECT_ARRAYS: &[u8] = b"\
    \x80\x04\x95\xd4\x00\x00\x00\x00\x00\x00\x00]\x94(\x8c\x13joblib.numpy_pickle\x94\x8c\
    \x11NumpyArrayWrapper\x94\x93\x94)\x81\x94}\x94(\x8c\x08subclass\x94\x8c\x05numpy\x94\
    \x8c\x07ndarray\x94\x93\x94\x8c\x05shape\x94K\x02\x85\x94\x8c\x05order\x94\x8c\x01C\x94\
    \x8c\x05dtype\x94h\x07\x8c\x05dtype\x94\x93\x94\x8c\x02O8\x94\x89\x88\x87\x94R\x94(K\x03\
    \x8c\x01|\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?t\x94b\x8c\nallow_mmap\x94\x89\x8c\
    \x1bnumpy_array_alignment_bytes\x94K\x10ub\x80\x05\x95\x97\x00\x00\x00\x00\x00\x00\x00\
    \x8c\x16numpy._core.multiarray\x94\x8c\x0c_reconstruct\x94\x93\x94\x8c\x05numpy\x94\x8c\
    \x07ndarray\x94\x93\x94K\x00\x85\x94C\x01b\x94\x87\x94R\x94(K\x01K\x02\x85\x94h\x03\x8c\
    \x05dtype\x94\x93\x94\x8c\x02O8\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|\x94NNNJ\xff\xff\
    \xff\xffJ\xff\xff\xff\xffK?t\x94b\x89]\x94(\x8c\x01x\x94}\x94\x8c\x01k\x94K\x01set\x94b.\
    \x95\x80\x00\x00\x00\x00\x00\x00\x00h\x03)\x81\x94}\x94(h\x06h\x09h\nK\x01\x85\x94h\x0ch\
    \x0dh\x0eh\x10\x8c\x03V12\x94\x89\x88\x87\x94R\x94(K\x03h\x14N\x8c\x01a\x94\x8c\x01o\x94\
    \x86\x94}\x94(h\x1eh\x10\x8c\x02i4\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01<\x94NNNJ\xff\
    \xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bK\x00\x86\x94h\x1fh\x13K\x04\x86\x94uK\x0cK\x01K\
    \x1bt\x94bh\x16\x89h\x17K\x10ub\x80\x05\x95\xec\x00\x00\x00\x00\x00\x00\x00\x8c\x16numpy\
    ._core.multiarray\x94\x8c\x0c_reconstruct\x94\x93\x94\x8c\x05numpy\x94\x8c\x07ndarray\
    \x94\x93\x94K\x00\x85\x94C\x01b\x94\x87\x94R\x94(K\x01K\x01\x85\x94h\x03\x8c\x05dtype\
    \x94\x93\x94\x8c\x03V12\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|\x94N\x8c\x01a\x94\x8c\
    \x01o\x94\x86\x94}\x94(h\x11h\x0c\x8c\x02i4\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01<\x94N\
    NNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bK\x00\x86\x94h\x12h\x0c\x8c\x02O8\x94\x89\
    \x88\x87\x94R\x94(K\x03h\x10NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?t\x94bK\x04\x86\x94uK\
    \x0cK\x01K\x1bt\x94b\x89]\x94K\x01h\x12\x86\x94at\x94b.\x95?\x00\x00\x00\x00\x00\x00\x00\
    h\x03)\x81\x94}\x94(h\x06h\x09h\nK\x02\x85\x94h\x0ch\x0dh\x0eh\x10\x8c\x02U3\x94\x89\x88\
    \x87\x94R\x94(K\x03h%NNNK\x0cK\x04K\x08t\x94bh\x16\x88h\x17K\x10ub\x06\xff\xff\xff\xff\
    \xff\xffa\x00\x00\x00b\x00\x00\x00\x00\x00\x00\x00c\x00\x00\x00d\x00\x00\x00e\x00\x00\
    \x00e.";

fn run(bytes: &[u8]) -> (Stream, Heap) {
    let options = Options::bounded(Arrays::Joblib);
    interpret(&Blob::from_vec(bytes.to_vec()), 0, &options, &mut Unwatched)
}

#[test]
fn arrays_are_passed_over() {
    let (stream, heap) = run(TWO_ARRAYS);
    assert_eq!((&stream.ended, stream.end), (&Ended::Stop, 419));
    assert_eq!(stream.oddities, []);
    let shown = heap.show(stream.result.unwrap(), Bounds::default());
    assert_eq!(shown, "{'a': <array 0>, 'b': [<array 1>]}");
    let [a, b] = stream.arrays.as_slice() else { panic!() };
    assert_eq!(
        (a.dtype.to_string().as_str(), a.shape.as_slice(), a.fortran),
        ("<f4", &[2, 3][..], false)
    );
    assert_eq!(
        (b.dtype.to_string().as_str(), b.shape.as_slice(), b.fortran),
        ("<i8", &[2, 3][..], true)
    );
    let blob = Blob::from_vec(TWO_ARRAYS.to_vec());
    let elements = blob.bytes_at(a.span.start, 24);
    let floats: Vec<f32> =
        elements.chunks(4).map(|it| f32::from_le_bytes(it.try_into().unwrap())).collect();
    assert_eq!(floats, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let elements = blob.bytes_at(b.span.start, 48);
    let ints: Vec<i64> =
        elements.chunks(8).map(|it| i64::from_le_bytes(it.try_into().unwrap())).collect();
    assert_eq!(ints, [0, 3, 1, 4, 2, 5]);
}

#[test]
fn objects_are_a_pickle_of_their_own() {
    let (stream, heap) = run(OBJECT_ARRAYS);
    assert_eq!((&stream.ended, stream.end), (&Ended::Stop, OBJECT_ARRAYS.len() as u64));
    assert_eq!(stream.oddities, []);
    let [a, b, c] = stream.arrays.as_slice() else { panic!("{:?}", stream.arrays) };
    assert!(a.dtype.has_objects && b.dtype.has_objects && !c.dtype.has_objects);
    assert_eq!(c.dtype.to_string(), "<U3");
    let states = |array| &heap.call(array).unwrap().states;
    let shown = heap.show(states(a.objects.unwrap())[0], Bounds::default());
    assert!(shown.ends_with("False, ['x', {'k': 1}])"), "{shown}");
}

/// As `pickle.load` reads the same file, the elements are opcodes.
#[test]
fn plain_readers_take_elements_for_opcodes() {
    let lines = trace_with(TWO_ARRAYS, &Options::bounded(Arrays::Plain));
    assert!(lines.last().unwrap().contains("UnknownOpcode"), "{lines:?}");
}

/// A hidden call behind the elements: a reader that takes them for opcodes stops before it.
#[test]
fn what_follows_an_array_is_seen() {
    let mut bytes = TWO_ARRAYS.to_vec();
    assert_eq!(bytes.pop(), Some(b'.'));
    bytes.extend_from_slice(b"0cposix\nsystem\n(S'true'\ntR.");
    let lines = trace_with(&bytes, &Options::bounded(Arrays::Joblib));
    assert!(lines.iter().any(|it| it.ends_with("= posix.system('true')")), "{lines:?}");
}

const WRAPPER: &[u8] =
    b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(S'shape'\n(K\x04tS'dtype'\n\
    cnumpy\ndtype\n(S'u1'\nI00\nI01\ntRS'order'\nS'C'\nub";

#[test]
fn an_array_without_alignment() {
    let bytes = [b"\x80\x02", WRAPPER, b"....\x85."].concat();
    let (stream, heap) = run(&bytes);
    assert_eq!(stream.ended, Ended::Stop);
    assert_eq!(stream.arrays[0].span.len(), 4);
    assert_eq!(heap.show(stream.result.unwrap(), Bounds::default()), "(<array 0>,)");
}

/// joblib reads the file behind what its frame has buffered, then goes on in the frame.
#[test]
fn an_array_in_the_middle_of_a_frame() {
    let framed = [WRAPPER, b"0cm\nf\n)R"].concat();
    let length = (framed.len() as u64).to_le_bytes();
    let bytes = [b"\x80\x04\x95", &length[..], &framed, b"....cm\ng\n)R."].concat();
    let lines = trace_with(&bytes, &Options::bounded(Arrays::Joblib));
    assert!(lines.iter().any(|it| it.ends_with("= m.f()")), "{lines:?}");
    assert!(lines.iter().any(|it| it.ends_with("= m.g()")), "{lines:?}");
    let (stream, _) = run(&bytes);
    assert_eq!(stream.oddities[0].kind, PickleOddity::ArrayInsideFrame);
    assert_eq!(stream.ended, Ended::Stop);
}

#[test]
fn an_array_that_cannot_be_placed_ends_it() {
    for (from, to) in [("S'u1'", "S'?7'"), ("S'shape'", "S'shade'"), ("(K\x04t", "K\x04N0")] {
        let at = WRAPPER.windows(from.len()).position(|it| it == from.as_bytes()).unwrap();
        let (before, after) = (&WRAPPER[..at], &WRAPPER[at + from.len()..]);
        let (stream, _) = run(&[before, to.as_bytes(), after, b"...."].concat());
        assert!(matches!(stream.ended, Ended::Exhausted(_)), "{from}: {:?}", stream.ended);
    }
    let (stream, _) = run(&[WRAPPER, b"..."].concat());
    assert_eq!(stream.ended, Ended::Truncated);
    assert_eq!(stream.arrays[0].span.len(), 3);
}
