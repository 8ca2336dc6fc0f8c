//! Where a model's blocks are: here, or with another worker, who lends them.
//!
//! In a browser several workers share one copy of the weights: each holds some layers. What needs a layer that is
//! elsewhere, as a run of a prompt does, gets a copy for as long as it is used. The copy that was lent last is kept until
//! another layer is asked for, since a layer is asked for several times in a row.

use std::{cell::RefCell, fmt, future::Future, pin::Pin, rc::Rc};

use burn::tensor::Tensor;

use super::block::Block;
use crate::{error::Result, ops::Product};

/// Who holds layers that are elsewhere.
pub trait Lender: fmt::Debug {
    /// Take a layer, if it is one of theirs; in its place stays what is returned.
    fn take(&self, layer: usize, block: Block) -> Layer;

    /// A copy of a layer.
    ///
    /// # Errors
    /// What keeps its holder from answering.
    fn lend(&self, layer: usize) -> Pin<Box<dyn Future<Output = Result<Block>> + '_>>;
}

/// One layer of a model.
#[derive(Debug, Clone)]
pub enum Layer {
    /// Its block is here.
    Here(Rc<Block>),
    /// It is with another worker. What its heads write is asked for at any time, so `W_O` is here all the same:
    /// `[n_heads * d_head, d_model]`, a twelfth of a block.
    Elsewhere(Box<Tensor<2>>),
}

impl From<Block> for Layer {
    fn from(block: Block) -> Self {
        Self::Here(Rc::new(block))
    }
}

/// The layers of a model, first to last.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    all: Vec<Layer>,
    lender: Option<Rc<dyn Lender>>,
    lent: RefCell<Option<(usize, Rc<Block>)>>,
}

impl Layers {
    /// Layers that are all here.
    pub fn here(blocks: Vec<Block>) -> Self {
        Self::new(blocks.into_iter().map(Layer::from).collect(), None)
    }

    /// Layers of which some may be with `lender`.
    pub fn new(all: Vec<Layer>, lender: Option<Rc<dyn Lender>>) -> Self {
        Self {
            all,
            lender,
            ..Self::default()
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The blocks that are here, first to last.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        (0..self.len()).filter_map(|layer| self.held(layer))
    }

    /// A layer's block, if it is here.
    pub fn held(&self, layer: usize) -> Option<&Block> {
        match self.all.get(layer)? {
            Layer::Here(block) => Some(block),
            Layer::Elsewhere(_) => None,
        }
    }

    /// A layer's block: its weights are shared with the model's, or lent.
    ///
    /// # Errors
    /// What keeps another worker from lending it.
    pub async fn block(&self, layer: usize) -> Result<Rc<Block>> {
        let lender = match (&self.all[layer], &self.lender) {
            (Layer::Here(block), _) => return Ok(block.clone()),
            (Layer::Elsewhere(_), lender) => lender.as_ref().expect("a lender of lent layers"),
        };
        if let Some((_, block)) = self.lent.borrow().as_ref().filter(|lent| lent.0 == layer) {
            return Ok(block.clone());
        }
        // Let go of the last one before this one comes.
        self.give_back();
        let block = Rc::new(lender.lend(layer).await?);
        *self.lent.borrow_mut() = Some((layer, block.clone()));
        Ok(block)
    }

    /// Let go of what was lent.
    pub fn give_back(&self) {
        self.lent.take();
    }

    /// Output map of a layer's heads, `[n_heads * d_head, d_model]`.
    pub fn w_o(&self, layer: usize) -> &Tensor<2> {
        match &self.all[layer] {
            Layer::Here(block) => &block.w_o,
            Layer::Elsewhere(w_o) => w_o,
        }
    }

    /// Put a block in its place.
    pub fn set(&mut self, layer: usize, block: Block) {
        self.all[layer] = block.into();
    }

    /// Multiply by all weights that are here with this product from now on.
    pub fn multiply_with(&mut self, product: Product) {
        for layer in &mut self.all {
            if let Layer::Here(block) = layer {
                Rc::make_mut(block).product = product;
            }
        }
    }
}
