//! Which slot of a Redis Cluster a key lies in
//! (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>).

/// Slots of a Redis Cluster.
pub const SLOTS: u32 = 16_384;

/// The slot of a key, or of a pub/sub channel: that of what stands between the first `{` and the
/// next `}` if there is anything, or else of all of it.
pub fn slot(key: &[u8]) -> u16 {
    (u32::from(crc16(hash_tag(key).unwrap_or(key))) % SLOTS) as u16
}

/// What stands between the first `{` and the next `}`, unless that is nothing.
pub fn hash_tag(key: &[u8]) -> Option<&[u8]> {
    let open = key.iter().position(|byte| *byte == b'{')?;
    let rest = &key[open + 1..];
    let close = rest.iter().position(|byte| *byte == b'}')?;
    (close > 0).then(|| &rest[..close])
}

/// CRC-16/XMODEM, which Redis Cluster hashes keys with.
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_clusters() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        // As CLUSTER KEYSLOT answers.
        assert_eq!(slot(b"foo"), 12_182);
        assert_eq!(slot(b"{foo}bar"), 12_182);
        assert_eq!(slot(b"a{foo}b{x}"), 12_182);
    }

    #[test]
    fn an_empty_or_open_tag_is_none() {
        assert_eq!(hash_tag(b"a{}b"), None);
        assert_eq!(hash_tag(b"a{b"), None);
        assert_eq!(hash_tag(b"{{b}}"), Some(b"{b".as_slice()));
    }
}
