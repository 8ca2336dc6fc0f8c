//! Checks the binary table of a `Precompiled` normaliser before the crate reads it.
//!
//! A table is `[size: u32][trie: size bytes of u32][replacements: strings that end in 0]`, little-endian. The trie is a
//! Darts double array: from a node, `node ^ byte` is the child's unit. Its low bits repeat the byte, its offset leads to
//! the next node, and its flag says that the unit there holds the place of a replacement. The crate uses all of these
//! as indices without checking them. Here every node that can be reached is visited once.

/// Most units of a trie; the largest published one has about 75,000.
const MAX_UNITS: usize = 1 << 19;
/// Longest replacement, in bytes.
const MAX_REPLACEMENT: usize = 256;

/// Why a table cannot be used; `None` if it can.
pub fn fault(table: &[u8]) -> Option<&'static str> {
    let Some((size, rest)) = table.split_first_chunk::<4>() else {
        return Some("a table without its size");
    };
    let bytes = u32::from_le_bytes(*size) as usize / 4 * 4;
    if bytes > rest.len() || bytes == 0 || bytes / 4 > MAX_UNITS {
        return Some("a trie that does not have the size it states");
    }
    let (trie, replacements) = rest.split_at(bytes);
    let Ok(replacements) = std::str::from_utf8(replacements) else {
        return Some("replacements that are not UTF-8");
    };
    let units: Vec<usize> = trie
        .chunks_exact(4)
        .map(|unit| u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]) as usize)
        .collect();
    let mut seen = vec![false; units.len()];
    let mut nodes = vec![offset(units[0])];
    while let Some(node) = nodes.pop() {
        // A byte changes the low eight bits of a node.
        if node | 0xFF >= units.len() {
            return Some("a node outside its trie");
        }
        if std::mem::replace(&mut seen[node], true) {
            continue;
        }
        for byte in 1..=0xFF {
            let child = node ^ byte;
            let unit = units[child];
            if unit & (1 << 31 | 0xFF) != byte {
                continue;
            }
            let next = child ^ offset(unit);
            if unit >> 8 & 1 == 1 {
                let Some(leaf) = units.get(next) else {
                    return Some("a node outside its trie");
                };
                let start = leaf & ((1 << 31) - 1);
                let Some(replacement) = replacements.get(start..) else {
                    return Some("a replacement outside its text");
                };
                let length = replacement.bytes().position(|byte| byte == 0);
                if length.unwrap_or(replacement.len()) > MAX_REPLACEMENT {
                    return Some("a replacement of more than 256 bytes");
                }
            }
            nodes.push(next);
        }
    }
    None
}

fn offset(unit: usize) -> usize {
    (unit >> 10) << ((unit & (1 << 9)) >> 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ﬁ` becomes `fi`: three bytes of the key, one of them in each block of 256 units.
    pub fn table() -> Vec<u8> {
        let mut units = vec![0u32; 5 * 256];
        // Offsets of nodes are multiples of 256 here, so no two bytes share a unit.
        units[0] = 1 << 18;
        let mut node = 256usize;
        for (i, byte) in "ﬁ".bytes().enumerate() {
            let child = node ^ byte as usize;
            let next = 256 * (i + 2);
            let leaf = u32::from(i == 2) << 8;
            units[child] = ((child ^ next) as u32) << 10 | leaf | u32::from(byte);
            node = next;
        }
        units[node] = 1 << 31;
        let trie: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let size = (trie.len() as u32).to_le_bytes();
        [&size[..], &trie, b"fi\0"].concat()
    }

    #[test]
    fn faults_are_found_and_a_sound_table_passes() {
        let table = table();
        assert_eq!(fault(&table), None);
        assert_eq!(fault(&[]), Some("a table without its size"));
        assert_eq!(
            fault(&table[..100]),
            Some("a trie that does not have the size it states")
        );
        let mut leaf = table.clone();
        leaf[4 + 4 * 4 * 256] = 9;
        assert_eq!(fault(&leaf), Some("a replacement outside its text"));
        let mut far = table.clone();
        far[7] = 0x40;
        assert_eq!(fault(&far), Some("a node outside its trie"));
    }
}
