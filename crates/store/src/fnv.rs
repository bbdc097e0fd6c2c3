//! FNV-1a, 64 bit: names for folders and template databases that stay the same from one build to the next.
//! Not for anything an adversary could gain from.

/// Hash of the parts in order.
pub(crate) fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.into_iter().flatten() {
        state = (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    state
}

#[cfg(test)]
mod tests {
    #[test]
    fn agrees_with_the_published_vector() {
        assert_eq!(super::hash([b"foobar".as_slice()]), 0x8594_4171_f739_67e8);
    }
}
