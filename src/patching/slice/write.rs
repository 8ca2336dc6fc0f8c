//! What a patch adds to the residual stream for each sender.
//!
//! ```text
//! delta[input] = delta of the token embedding    delta[a{l}.h{h}] = delta_z[l, h] W_O[l, h]    delta[m{l}] = delta of its output
//! ```
//!
//! All of them have mean zero over `d_model`, since `W_E`, `W_O`, `W_out` and their biases are centred.

use std::ops::Range;

use burn::tensor::Tensor;

use super::base::Slice;
use crate::{
    ops::index,
    patching::graph::{Graph, Sender},
};

impl Slice<'_> {
    /// The deltas of some senders on some of the rows, `[sender, rows, d_model]`.
    pub fn written(&self, senders: &[Sender], rows: Range<usize>) -> Tensor<3> {
        if let Some(given) = &self.given {
            return given.clone().narrow(1, rows.start, rows.len());
        }
        let Some(kept) = &self.written else {
            return self.write(senders, rows);
        };
        let graph = Graph::of(&self.model.config);
        let all = kept.get_or_init(|| {
            let senders: Vec<Sender> = graph.senders().collect();
            self.write(&senders, 0..self.batch * self.window.rows)
        });
        let places: Vec<usize> = senders.iter().map(|sender| graph.row(*sender)).collect();
        let on_rows = all.clone().narrow(1, rows.start, rows.len());
        // Without a copy where they stand together.
        let is_range = places.is_sorted_by(|a, b| a + 1 == *b);
        match places.first() {
            Some(first) if is_range => on_rows.narrow(0, *first, places.len()),
            _ => on_rows.select(0, index(places.into_iter(), &self.model.device())),
        }
    }

    /// The same, made anew: a product for each head, so that no weights are copied.
    fn write(&self, senders: &[Sender], rows: Range<usize>) -> Tensor<3> {
        let d_head = self.model.config.d_head;
        let on_rows = |x: &Tensor<2>| x.clone().narrow(0, rows.start, rows.len());
        let written = senders.iter().map(|sender| match sender {
            Sender::Input => on_rows(&self.delta_embed),
            Sender::Mlp(layer) => on_rows(&self.layers[*layer].delta_mlp),
            Sender::Head(head) => {
                let delta_z = self.layers[head.layer].delta_z.clone();
                let delta_z = on_rows(&delta_z.narrow(0, head.head, 1).squeeze_dim(0));
                let w_o = self.model.layers.w_o(head.layer).clone();
                let w_o = w_o.narrow(0, head.head * d_head, d_head);
                self.model.unembed.product.matmul(delta_z, &w_o)
            }
        });
        Tensor::stack(written.collect(), 0)
    }
}
