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
    ops::{Part, cat},
    patching::graph::Sender,
};

impl Slice<'_> {
    /// The deltas of some senders on some of the rows, `[sender, rows, d_model]`: a product for each head, so that no
    /// weights are copied.
    pub fn written(&self, senders: &[Sender], rows: Range<usize>) -> Tensor<3> {
        let d_head = self.model.config.d_head;
        let on_rows = |x: &Tensor<2>| x.clone().narrow(0, rows.start, rows.len());
        let written = senders.iter().map(|sender| match sender {
            Sender::Input => on_rows(&self.delta_embed),
            Sender::Mlp(layer) => on_rows(&self.layers[*layer].delta_mlp),
            Sender::Head(head) => {
                let delta_z = self.layers[head.layer].delta_z.clone();
                let [_, flat, _] = delta_z.dims();
                let delta_z = delta_z.flatten(0, 1);
                let first = head.head * flat + rows.start;
                let block = &self.model.blocks[head.layer];
                let w_o = Part::rows(&block.w_o, head.head * d_head, d_head);
                let delta_z = Part::rows(&delta_z, first, rows.len());
                block.product.of_parts(delta_z, w_o)
            }
        });
        let written = written.map(|x| x.unsqueeze_dim::<3>(0));
        cat(written.collect(), 0)
    }
}
