//! Scores as a NumPy array: `numpy.load` gives `[sender, receiver]` in EAP-IG's order, NaN where there is no score.

use pathpatch::patching::graph::Graph;

use super::scored::Scored;

/// A header's length is a multiple of this, so that the numbers are aligned.
const ALIGNMENT: usize = 64;
/// What stands before the header's text: the magic string, version 1.0 and the length of the text.
const PREAMBLE: usize = 10;

/// The bytes of an `.npy` file: version 1.0 of the format, little-endian float32, row by row.
pub fn npy(graph: Graph, edges: &[Scored]) -> Vec<u8> {
    let shape = [graph.n_senders(), graph.n_receivers()];
    let mut scores = vec![f32::NAN; shape[0] * shape[1]];
    for scored in edges {
        scores[graph.place(scored.edge)] = scored.score;
    }
    let [rows, columns] = shape;
    let mut header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let full = (PREAMBLE + header.len() + 1).next_multiple_of(ALIGNMENT);
    let text = full - PREAMBLE;
    // Filled up with spaces, then a line feed.
    header = format!("{header:<width$}\n", width = text - 1);
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    // Two numbers of at most 20 digits: the text is far below 65,536 bytes.
    bytes.extend((text as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(scores.iter().flat_map(|score| score.to_le_bytes()));
    bytes
}
