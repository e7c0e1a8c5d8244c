//! The two checksums of HDF5.

/// Bob Jenkins' `lookup3` with the seed 0, over metadata.
pub(super) fn lookup3(bytes: &[u8]) -> u32 {
    let length = u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or(0);
    let start = 0xdead_beef_u32.wrapping_add(length);
    let (mut a, mut b, mut c) = (start, start, start);
    let mut rest = bytes;
    while rest.len() > 12 {
        let Some((block, tail)) = rest.split_at_checked(12) else { break };
        (a, b, c) = added(block, a, b, c);
        (a, b, c) = mix(a, b, c);
        rest = tail;
    }
    if rest.is_empty() {
        return c;
    }
    let mut block = [0u8; 12];
    if let Some(head) = block.get_mut(..rest.len()) {
        head.copy_from_slice(rest);
    }
    (a, b, c) = added(&block, a, b, c);
    last(a, b, c)
}

fn added(block: &[u8], a: u32, b: u32, c: u32) -> (u32, u32, u32) {
    let word = |at: usize| {
        let end = at.saturating_add(4);
        let bytes: Option<[u8; 4]> = block.get(at..end).and_then(|w| w.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes)
    };
    (a.wrapping_add(word(0)), b.wrapping_add(word(4)), c.wrapping_add(word(8)))
}

fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    a = a.wrapping_sub(c) ^ c.rotate_left(4);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(6);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(8);
    b = b.wrapping_add(a);
    a = a.wrapping_sub(c) ^ c.rotate_left(16);
    c = c.wrapping_add(b);
    b = b.wrapping_sub(a) ^ a.rotate_left(19);
    a = a.wrapping_add(c);
    c = c.wrapping_sub(b) ^ b.rotate_left(4);
    b = b.wrapping_add(a);
    (a, b, c)
}

fn last(mut a: u32, mut b: u32, mut c: u32) -> u32 {
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    (c ^ b).wrapping_sub(b.rotate_left(24))
}

/// Fletcher's checksum over 16-bit words, most significant byte first, over filtered chunks.
pub(super) fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (0u32, 0u32);
    let fold = |sum: u32| (sum & 0xffff).wrapping_add(sum >> 16);
    for words in bytes.chunks(720) {
        for word in words.chunks(2) {
            let number = match word {
                [a, b] => u16::from_be_bytes([*a, *b]),
                // A byte that is left over stands in the upper half.
                [a] => u16::from_be_bytes([*a, 0]),
                _ => 0,
            };
            low = low.wrapping_add(u32::from(number));
            high = high.wrapping_add(low);
        }
        low = fold(low);
        high = fold(high);
    }
    (fold(high) << 16) | fold(low)
}
