//! Every cut and every changed byte is taken.

use artifact::Blob;

use super::super::show::Listing;
use super::super::{Arrays, Bounds, Options, interpret, looks_like_pickle};

fn take(bytes: Vec<u8>) {
    looks_like_pickle(&bytes);
    let blob = Blob::from_vec(bytes);
    for options in [Options::bounded(Arrays::Joblib), Options::full(Arrays::Plain)] {
        let mut listing = Listing::new(20);
        let (stream, heap) = interpret(&blob, 0, &options, &mut listing);
        assert!(stream.end <= blob.len());
        if let Some(result) = stream.result {
            heap.show(result, Bounds::default());
        }
    }
}

fn samples() -> impl Iterator<Item = &'static [u8]> {
    super::vectors::all().map(|(_, bytes)| bytes).chain([super::joblib::TWO_ARRAYS])
}

#[test]
fn truncation() {
    for sample in samples() {
        for end in 0..sample.len() {
            take(sample[..end].to_vec());
        }
    }
}

#[test]
fn changed_bytes() {
    for sample in samples() {
        for at in 0..sample.len() {
            for byte in [0, 1, 0x0a, 0x28, 0x2e, 0x30, 0x52, 0x7f, 0x80, 0x95, 0xff] {
                let mut changed = sample.to_vec();
                changed[at] = byte;
                take(changed);
            }
            for bit in 0..8 {
                let mut changed = sample.to_vec();
                changed[at] ^= 1 << bit;
                take(changed);
            }
        }
    }
}
