//! Every edge that has a value, as a table for a spreadsheet or a data frame.

use std::{collections::HashSet, fmt::Write};

use pathpatch::patching::{Cell, EdgeTable};

use super::scored::{Scored, in_file_order};

/// Lines of `from,to,score,value,kind,std_dev,in_graph`: `kind` is exact or estimate, `value` the metric of the patched
/// run or its estimate, `std_dev` that of the change over the pairs, empty where there is none, `in_graph` whether the
/// edge is of the circuit among the `edges`. Names and numbers need no quotes.
pub fn csv(table: &EdgeTable, edges: &[Scored]) -> String {
    let circuit = edges.iter().filter(|scored| scored.in_graph);
    let circuit: HashSet<usize> = circuit.map(|s| table.graph.place(s.edge)).collect();
    let mut lines = "from,to,score,value,kind,std_dev,in_graph\n".to_string();
    for edge in in_file_order(table.graph) {
        let (value, kind, std_dev) = match table.cell(edge) {
            Cell::NoPath | Cell::Pending => continue,
            Cell::Estimate(value) => (value, "estimate", None),
            Cell::Exact { value, std_dev } => (value, "exact", std_dev),
        };
        let Some(score) = table.score(edge) else {
            continue;
        };
        let std_dev = std_dev.map(|s| s.to_string()).unwrap_or_default();
        let (from, to) = (edge.from, edge.to);
        let in_graph = circuit.contains(&table.graph.place(edge));
        // Writing to a string cannot fail.
        let _ = writeln!(
            lines,
            "{from},{to},{score},{value},{kind},{std_dev},{in_graph}"
        );
    }
    lines
}
