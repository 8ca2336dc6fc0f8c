//! What another worker needs of both runs: of each layer that it holds, the base run's residual stream on the rows and its
//! keys and values before them. What senders write comes with each chunk.

use std::{
    cell::{OnceCell, RefCell},
    rc::Rc,
};

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::base::{Activations, Layer, Slice};
use crate::{
    gpt2::Config,
    ops::Past,
    patching::{patch::Direction, window::Window},
};

/// The shape of a part's runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::patching) struct SharedPart {
    pub batch: usize,
    pub window: Window,
    /// Whether what layers make of the base run is kept.
    pub keeps_destinations: bool,
}

impl Activations {
    /// Their shape.
    pub fn shape(&self) -> SharedPart {
        SharedPart {
            batch: self.batch,
            window: self.window,
            keeps_destinations: self.keeps_destinations,
        }
    }

    /// What a layer needs of them, flat: one array, or three where there are positions before the rows.
    pub fn share(&self, layer: usize) -> Vec<Tensor<1>> {
        let Layer {
            resid_pre, past, ..
        } = &self.layers[layer];
        let mut all = vec![resid_pre.clone().flatten(0, 1)];
        if let Some(Past { k, v }) = past {
            all.extend([k, v].map(|x| x.clone().flatten(0, 3)));
        }
        all
    }

    /// What [`Activations::share`] has given for each of some layers, one after the other; `None` where that is too few.
    /// What no other layer or sender reads is empty.
    pub fn shared(
        part: &SharedPart,
        layers: &[usize],
        data: Vec<Tensor<1>>,
        config: &Config,
    ) -> Option<Self> {
        let (batch, Window { first, rows }) = (part.batch, part.window);
        let device = data.first()?.device();
        let none = Tensor::<2>::zeros([1, 1], &device);
        let no_layer = || Layer {
            resid_pre: none.clone(),
            past: None,
            delta_z: none.clone().unsqueeze(),
            delta_mlp: none.clone(),
        };
        let mut all: Vec<Layer> = (0..config.n_layers).map(|_| no_layer()).collect();
        let mut data = data.into_iter();
        for layer in layers {
            let resid_pre = data.next()?.reshape([batch * rows, config.d_model]);
            let past = match first {
                0 => None,
                _ => {
                    let shape = [batch, config.n_heads, first, config.d_head];
                    let (k, v) = (data.next()?.reshape(shape), data.next()?.reshape(shape));
                    Some(Past { k, v })
                }
            };
            all[*layer] = Layer {
                resid_pre,
                past,
                ..no_layer()
            };
        }
        Some(Self {
            direction: Direction::default(),
            window: part.window,
            batch,
            delta_embed: none.clone(),
            layers: all,
            base_final: none.clone().unsqueeze(),
            other_final: none.unsqueeze(),
            mask: OnceCell::new(),
            keeps_destinations: part.keeps_destinations,
            destinations: RefCell::new(vec![None; config.n_layers]),
            written: None,
            looks: Vec::new(),
        })
    }
}

impl Slice<'_> {
    /// The same where the deltas of the senders that will be asked for are given, `[sender, batch * rows, d_model]`.
    #[must_use]
    pub fn given(self, deltas: Tensor<1>) -> Rc<Self> {
        let rows = self.batch * self.window.rows;
        let d_model = self.model.config.d_model;
        let senders = deltas.dims()[0] / (rows * d_model);
        let given = Some(deltas.reshape([senders, rows, d_model]));
        Rc::new(Self { given, ..self })
    }
}
