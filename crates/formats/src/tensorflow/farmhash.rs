//! `Fingerprint64` of `FarmHash`, which TensorFlow fills `fingerprint.pb` with.

#![allow(clippy::many_single_char_names, reason = "the names of the reference implementation")]

const K0: u64 = 0xc3a5_c85c_97cb_3127;
const K1: u64 = 0xb492_b66f_be98_f273;
const K2: u64 = 0x9ae1_6a3b_2f90_404f;

/// `Fingerprint64` of `FarmHash` (`farmhashna::Hash64`). Not cryptographic.
///
/// Source: <https://github.com/google/farmhash>.
pub fn farm_hash(bytes: &[u8]) -> u64 {
    let len = bytes.len() as u64;
    let mul = K2.wrapping_add(len.wrapping_mul(2));
    match bytes.len() {
        0 => K2,
        1..=3 => {
            let byte = |at: usize| u64::from(bytes.get(at).copied().unwrap_or_default());
            let y = byte(0).wrapping_add(byte(bytes.len() >> 1) << 8);
            let z = len.wrapping_add(byte(bytes.len().saturating_sub(1)) << 2);
            mix(y.wrapping_mul(K2) ^ z.wrapping_mul(K0)).wrapping_mul(K2)
        }
        4..=7 => {
            let word = |at: usize| {
                let word = bytes.get(at..).and_then(|b| b.first_chunk()).copied();
                u64::from(u32::from_le_bytes(word.unwrap_or_default()))
            };
            pair(len.wrapping_add(word(0) << 3), word(bytes.len().saturating_sub(4)), mul)
        }
        8..=16 => {
            let a = fetch(bytes, 0).wrapping_add(K2);
            let b = from_end(bytes, 8);
            let c = b.rotate_right(37).wrapping_mul(mul).wrapping_add(a);
            let d = a.rotate_right(25).wrapping_add(b).wrapping_mul(mul);
            pair(c, d, mul)
        }
        17..=32 => {
            let (u, v) = ends(bytes, K1, mul);
            pair(u, v, mul)
        }
        33..=64 => {
            let (y, v) = ends(bytes, K2, mul);
            let z = pair(y, v, mul);
            let a = fetch(bytes, 0).wrapping_mul(K2);
            let e = fetch(bytes, 16).wrapping_mul(mul);
            let f = fetch(bytes, 24);
            let g = y.wrapping_add(from_end(bytes, 32)).wrapping_mul(mul);
            let h = z.wrapping_add(from_end(bytes, 24)).wrapping_mul(mul);
            pair(
                e.wrapping_add(f).rotate_right(43).wrapping_add(g.rotate_right(30)).wrapping_add(h),
                e.wrapping_add(f.wrapping_add(a).rotate_right(18)).wrapping_add(g),
                mul,
            )
        }
        _ => long(bytes),
    }
}

/// The two halves for middle lengths.
fn ends(bytes: &[u8], first: u64, mul: u64) -> (u64, u64) {
    let a = fetch(bytes, 0).wrapping_mul(first);
    let b = fetch(bytes, 8);
    let c = from_end(bytes, 8).wrapping_mul(mul);
    let d = from_end(bytes, 16).wrapping_mul(K2);
    let u = a.wrapping_add(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d);
    let v = a.wrapping_add(b.wrapping_add(K2).rotate_right(18)).wrapping_add(c);
    (u, v)
}

fn long(bytes: &[u8]) -> u64 {
    const SEED: u64 = 81;
    let mut state = State {
        x: SEED.wrapping_mul(K2).wrapping_add(fetch(bytes, 0)),
        y: SEED.wrapping_mul(K1).wrapping_add(113),
        z: 0,
        v: (0, 0),
        w: (0, 0),
    };
    state.z = mix(state.y.wrapping_mul(K2).wrapping_add(113)).wrapping_mul(K2);
    let rest = bytes.len().saturating_sub(1);
    for block in bytes.get(..rest & !63).unwrap_or_default().chunks_exact(64) {
        state.round(block, K1, 1);
    }
    let mul = K1.wrapping_add((state.z & 0xff) << 1);
    let last = bytes.get(bytes.len().saturating_sub(64)..).unwrap_or_default();
    state.w.0 = state.w.0.wrapping_add((rest & 63) as u64);
    state.v.0 = state.v.0.wrapping_add(state.w.0);
    state.w.0 = state.w.0.wrapping_add(state.v.0);
    state.round(last, mul, 9);
    let State { x, y, z, v, w } = state;
    pair(
        pair(v.0, w.0, mul).wrapping_add(mix(y).wrapping_mul(K0)).wrapping_add(z),
        pair(v.1, w.1, mul).wrapping_add(x),
        mul,
    )
}

struct State {
    x: u64,
    y: u64,
    z: u64,
    v: (u64, u64),
    w: (u64, u64),
}

impl State {
    fn round(&mut self, s: &[u8], mul: u64, weight: u64) {
        let Self { mut x, mut y, mut z, v, w } = *self;
        x = x.wrapping_add(y).wrapping_add(v.0).wrapping_add(fetch(s, 8));
        x = x.rotate_right(37).wrapping_mul(mul);
        y = y.wrapping_add(v.1).wrapping_add(fetch(s, 48)).rotate_right(42).wrapping_mul(mul);
        x ^= w.1.wrapping_mul(weight);
        y = y.wrapping_add(v.0.wrapping_mul(weight)).wrapping_add(fetch(s, 40));
        z = z.wrapping_add(w.0).rotate_right(33).wrapping_mul(mul);
        self.v = weak(s, 0, v.1.wrapping_mul(mul), x.wrapping_add(w.0));
        self.w = weak(s, 32, z.wrapping_add(w.1), y.wrapping_add(fetch(s, 16)));
        (self.x, self.y, self.z) = (z, y, x);
    }
}

fn weak(s: &[u8], at: usize, a: u64, b: u64) -> (u64, u64) {
    let word = |n: usize| fetch(s, at.saturating_add(n));
    let a = a.wrapping_add(word(0));
    let b = b.wrapping_add(a).wrapping_add(word(24)).rotate_right(21);
    let c = a;
    let a = a.wrapping_add(word(8)).wrapping_add(word(16));
    let b = b.wrapping_add(a.rotate_right(44));
    (a.wrapping_add(word(24)), b.wrapping_add(c))
}

fn fetch(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied();
    u64::from_le_bytes(word.unwrap_or_default())
}

fn from_end(bytes: &[u8], back: usize) -> u64 {
    fetch(bytes, bytes.len().saturating_sub(back))
}

fn mix(value: u64) -> u64 {
    value ^ (value >> 47)
}

fn pair(u: u64, v: u64, mul: u64) -> u64 {
    let a = mix((u ^ v).wrapping_mul(mul));
    mix((v ^ a).wrapping_mul(mul)).wrapping_mul(mul)
}
