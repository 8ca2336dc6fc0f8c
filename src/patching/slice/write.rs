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
    ops::{Part, cat, index, pick},
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
            _ => {
                let [_, n, d_model] = on_rows.dims();
                let places = index(places.into_iter(), &self.model.device());
                let all = on_rows.reshape([graph.n_senders(), n * d_model]);
                pick(all, &places).reshape([senders.len(), n, d_model])
            }
        }
    }

    /// The same, made anew: a product for each head, so that no weights are copied.
    fn write(&self, senders: &[Sender], rows: Range<usize>) -> Tensor<3> {
        let (n, d_model) = (rows.len(), self.model.config.d_model);
        let on_rows = |x: &Tensor<2>| x.clone().narrow(0, rows.start, n);
        let layer_of = |sender: &Sender| match sender {
            Sender::Head(head) => Some(head.layer),
            Sender::Input | Sender::Mlp(_) => None,
        };
        let are_heads_of_one_layer =
            |a: &Sender, b: &Sender| layer_of(a).is_some() && layer_of(a) == layer_of(b);
        let of_layers = senders.chunk_by(are_heads_of_one_layer);
        let written = of_layers.map(|senders| match senders[0] {
            Sender::Input => on_rows(&self.delta_embed),
            Sender::Mlp(layer) => on_rows(&self.layers[layer].delta_mlp),
            Sender::Head(head) => self.written_by_heads(head.layer, senders, &rows),
        });
        cat(written.collect(), 0).reshape([senders.len(), n, d_model])
    }

    /// The deltas of some heads of one layer, `[sender * rows, d_model]`.
    fn written_by_heads(&self, layer: usize, heads: &[Sender], rows: &Range<usize>) -> Tensor<2> {
        let d_head = self.model.config.d_head;
        let [_, flat, _] = self.layers[layer].delta_z.dims();
        let delta_z = self.layers[layer].delta_z.clone().flatten(0, 1);
        let w_o = self.model.layers.w_o(layer);
        let heads = heads.iter().filter_map(|sender| match sender {
            Sender::Head(head) => Some(head.head),
            Sender::Input | Sender::Mlp(_) => None,
        });
        let products = heads.map(|head| {
            let delta_z = Part::rows(&delta_z, head * flat + rows.start, rows.len());
            [delta_z, Part::rows(w_o, head * d_head, d_head)]
        });
        self.model
            .unembed
            .product
            .stacked(&products.collect::<Vec<_>>())
    }
}
