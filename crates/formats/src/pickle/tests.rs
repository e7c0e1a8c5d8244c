mod bounds;
mod joblib;
mod likeness;
mod oracle;
mod robust;
mod vectors;

use artifact::Blob;

use super::show::Listing;
use super::{Arrays, Ended, Options, interpret};

/// Everything that is told about a stream: its listing, its oddities, and how it ended where it
/// did not end with `STOP`.
fn trace(bytes: &[u8]) -> Vec<String> {
    trace_with(bytes, &Options::bounded(Arrays::Plain))
}

fn trace_with(bytes: &[u8], options: &Options) -> Vec<String> {
    let mut listing = Listing::new(1000);
    let (stream, _) = interpret(&Blob::from_vec(bytes.to_vec()), 0, options, &mut listing);
    assert_eq!(listing.omitted(), 0);
    let mut lines = listing.lines().to_vec();
    for oddity in &stream.oddities {
        lines.push(format!("! @{:04} {}: {}", oddity.at, oddity.kind, oddity.detail));
    }
    if stream.ended != Ended::Stop {
        lines.push(format!("ended at {}: {:?}", stream.end, stream.ended));
    }
    lines
}

/// Pseudo-random numbers (xorshift64*), the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }
}
