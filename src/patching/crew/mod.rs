//! Several workers that share one model: each holds some of its layers, and chunks of variants travel from one to the
//! next.
//!
//! ```text
//! enter     where the layer is held that its receivers are in
//! through   each layer after it, where that is held
//! leave     the final LayerNorm, the unembedding and the metric, with the worker that began the sweep
//! ```
//!
//! No memory is shared. A chunk's residual stream goes from worker to worker: `variants * rows * d_model` numbers around a
//! layer that does `24 d_model` operations with each of them. The worker who begins a sweep has the embedding and the
//! unembedding, makes both runs and the estimates with layers that it is lent, and holds some layers itself. Chunks and
//! their steps are the same for any number of workers, and so are all numbers, bit for bit.
//!
//! Another worker holds of a sweep, for each of its layers, the base run's residual stream on the rows, the keys and values
//! before them and `W_O W_in` where that pays: together less than is kept here. The deltas of a chunk's senders come with
//! the chunk.
//!
//! `parcel` is what workers send each other, `member` one that holds layers for another, `holders` says who holds which,
//! `board` which step who takes next, `log` keeps what was done when, and
//! `simulate` says from that how long it takes other numbers of workers. `pipeline`, beside this room, moves the chunks of a
//! sweep.

pub(super) mod board;
mod holders;
pub(super) mod log;
mod member;
pub(super) mod parcel;
mod simulate;

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
};

use crate::{
    error::Result,
    gpt2::{Block, Config, Layer, Lender},
    ops::Product,
};

pub use log::CrewEvent;
pub use member::Member;
pub use parcel::{Link, Parcel};
pub use simulate::simulate;

use parcel::{Ask, block_of, tensors_of};

/// All workers of a model, as the one sees them who begins sweeps: number 0 is itself.
#[derive(Debug)]
pub struct Crew {
    link: Rc<dyn Link>,
    config: Config,
    product: Product,
    /// Who holds each layer.
    holders: Vec<usize>,
    /// How many sweeps there have been.
    sweeps: Cell<usize>,
    log: RefCell<Vec<CrewEvent>>,
}

impl Crew {
    /// The workers behind a link, and this one, which multiplies with `product`.
    pub fn new(link: Rc<dyn Link>, config: &Config, product: Product) -> Self {
        Self {
            holders: holders::holders(config, link.others() + 1),
            link,
            config: config.clone(),
            product,
            sweeps: Cell::new(0),
            log: RefCell::default(),
        }
    }

    /// How many of so many workers are worth it for a model: no more than it has layers, and one where all blocks
    /// together take less than 16 MiB. Then a layer does a chunk in a few milliseconds, and so does a message.
    pub fn worthwhile(config: &Config, workers: usize) -> usize {
        let (d, mlp) = (config.d_model as u64, config.d_mlp as u64);
        let bytes = 4 * config.n_layers as u64 * d * (4 * d + 2 * mlp);
        match bytes < 16 << 20 {
            true => 1,
            false => workers.clamp(1, config.n_layers),
        }
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.link.others() + 1
    }

    /// Who holds each layer.
    pub fn holders(&self) -> &[usize] {
        &self.holders
    }

    /// Begin another sweep: its number, from 1. The log of the one before is gone.
    pub(super) fn begin(&self) -> usize {
        self.log.borrow_mut().clear();
        self.sweeps.set(self.sweeps.get() + 1);
        self.sweeps.get()
    }

    /// Note that a step of a sweep is done, if it is the last that was begun.
    pub(super) fn note(&self, sweep: usize, event: CrewEvent) {
        if sweep == self.sweeps.get() {
            self.log.borrow_mut().push(event);
        }
    }

    /// What was done when in the last sweep.
    pub fn log(&self) -> Vec<CrewEvent> {
        self.log.borrow().clone()
    }

    /// The layers that a worker holds.
    pub(super) fn held_by(&self, worker: usize) -> Vec<usize> {
        let layers = 0..self.holders.len();
        layers.filter(|l| self.holders[*l] == worker).collect()
    }

    /// Ask another worker; it is on its way when this returns.
    pub(super) fn ask(
        &self,
        worker: usize,
        ask: &Ask,
        data: Vec<burn::tensor::Tensor<1>>,
    ) -> Pin<Box<dyn Future<Output = Result<Parcel>>>> {
        self.link.ask(worker - 1, Parcel::new(ask, data))
    }
}

impl Lender for Crew {
    fn take(&self, layer: usize, block: Block) -> Layer {
        let worker = self.holders[layer];
        if worker == 0 {
            return block.into();
        }
        let w_o = block.w_o.clone();
        // What goes wrong there ends that worker, and with it this one.
        drop(self.ask(worker, &Ask::Hold { layer }, tensors_of(block)));
        Layer::Elsewhere(Box::new(w_o))
    }

    fn lend(&self, layer: usize) -> Pin<Box<dyn Future<Output = Result<Block>> + '_>> {
        let asked = self.ask(self.holders[layer], &Ask::Lend { layer }, Vec::new());
        Box::pin(async move { block_of(asked.await?.data, &self.config, self.product) })
    }
}
