//! A worker that holds layers for another.

use std::{
    cell::RefCell,
    collections::HashMap,
    future::{Future, ready},
    pin::Pin,
    rc::Rc,
};

use burn::tensor::{Device, Tensor};

use super::{
    log::now,
    parcel::{Ask, At, Begin, Parcel, Step, block_of, strange, tensors_of},
};
use crate::{
    error::{Code, Error, Result},
    gpt2::{Config, Embedding, Gpt2, Layer, Layers, Steps, Unembed},
    metric::Metric,
    ops::Product,
    patching::{
        entries::Entries,
        forward::{Between, Forward},
        readout::Readout,
        slice::{Activations, Slice},
    },
    pause::Pause,
};

/// Some layers of a model, and what is needed of a sweep to do its steps there.
pub struct Member {
    model: RefCell<Rc<Gpt2>>,
    product: Product,
    /// The sweeps that are under way, by their numbers: a page may ask about an edge while all are swept.
    sweeps: RefCell<HashMap<usize, Rc<Sweep>>>,
    pause: Rc<dyn Pause>,
}

struct Sweep {
    begin: Begin,
    entries: Entries,
    parts: RefCell<HashMap<usize, SharedPart>>,
}

#[derive(Clone)]
struct SharedPart {
    activations: Rc<Activations>,
    positions: Rc<Read>,
}

/// A metric as far as the layers before it know: where it reads.
struct Read(Option<Vec<usize>>);

impl Metric for Read {
    fn positions(&self) -> Option<&[usize]> {
        self.0.as_deref()
    }

    fn tokens(&self) -> Option<&[u32]> {
        Some(&[0])
    }

    fn evaluate(&self, _: Tensor<4>) -> Tensor<2> {
        unreachable!("a member reads no metric")
    }
}

impl Member {
    /// A worker without layers yet, of a model of this shape, on the CPU.
    pub fn new(config: &Config, product: Product, pause: Rc<dyn Pause>) -> Self {
        let device = Device::flex();
        // Tokens are the business of the worker that begins sweeps.
        let none = || Tensor::zeros([1, config.d_model], &device);
        let embed = Embedding::new(vec![none()]);
        let norm = || none().squeeze_dim(0);
        let unembed = Unembed::new(config.eps, [norm(), norm()], embed.clone(), none());
        let nowhere = Layer::Elsewhere(Box::new(none()));
        let mut model = Gpt2 {
            config: config.clone(),
            w_pos: none(),
            embed,
            layers: Layers::new(vec![nowhere; config.n_layers], None),
            unembed,
        };
        model.multiply_with(product);
        Self {
            model: RefCell::new(Rc::new(model)),
            product,
            sweeps: RefCell::default(),
            pause,
        }
    }

    /// Take a parcel, and do what it asks: at once, unless that is a step of a sweep, which is done as the answer is waited
    /// for. A step of a sweep that is no longer under way ends at its next pause.
    ///
    /// # Errors
    /// [`Code::Cancelled`] for such a step; [`Code::Device`] for a parcel that is none of [`Crew`](super::Crew)'s.
    pub fn receive(
        self: &Rc<Self>,
        parcel: Parcel,
    ) -> Pin<Box<dyn Future<Output = Result<Parcel>>>> {
        match self.take(parcel) {
            Ok(Taken::Done(data)) => Box::pin(ready(Ok(Parcel::new(&(), data)))),
            Ok(Taken::Step(step, data)) => Box::pin(self.clone().step(step, data)),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    fn take(&self, parcel: Parcel) -> Result<Taken> {
        let data = match parcel.read()? {
            Ask::Step(step) => return Ok(Taken::Step(step, parcel.data)),
            Ask::Hold { layer } => {
                let mut model = self.model.borrow_mut();
                let block = block_of(parcel.data, &model.config, self.product)?;
                Rc::make_mut(&mut model).layers.set(layer, block);
                Vec::new()
            }
            Ask::Lend { layer } => {
                let model = self.model.borrow().clone();
                let block = model.layers.held(layer);
                tensors_of(
                    block
                        .ok_or_else(|| strange("a layer that is elsewhere"))?
                        .clone(),
                )
            }
            Ask::Begin(begin) => {
                let entries = Entries::of_layers(&self.model.borrow(), &begin.entries);
                let sweep = Sweep {
                    entries,
                    parts: RefCell::default(),
                    begin,
                };
                let mut sweeps = self.sweeps.borrow_mut();
                sweeps.insert(sweep.begin.sweep, Rc::new(sweep));
                Vec::new()
            }
            Ask::End { sweep } => {
                self.sweeps.borrow_mut().remove(&sweep);
                Vec::new()
            }
            Ask::Part {
                sweep,
                part,
                shape,
                positions,
                alone,
            } => {
                let sweep = self.sweep(sweep)?;
                let model = self.model.borrow();
                let layers = 0..model.layers.len();
                let layers: Vec<usize> =
                    layers.filter(|l| model.layers.held(*l).is_some()).collect();
                let activations = Activations::shared(&shape, &layers, parcel.data, &model.config);
                let activations = activations.ok_or_else(|| strange("a part of other layers"))?;
                let mut parts = sweep.parts.borrow_mut();
                if alone {
                    parts.clear();
                }
                let shared = SharedPart {
                    activations: Rc::new(activations),
                    positions: Rc::new(Read(positions)),
                };
                parts.insert(part, shared);
                Vec::new()
            }
        };
        Ok(Taken::Done(data))
    }

    fn sweep(&self, sweep: usize) -> Result<Rc<Sweep>> {
        let sweep = self.sweeps.borrow().get(&sweep).cloned();
        sweep.ok_or_else(|| Error::new(Code::Cancelled, "sweep", "to finish", "a cancel"))
    }

    async fn step(self: Rc<Self>, step: Step, mut data: Vec<Tensor<1>>) -> Result<Parcel> {
        let sweep = self.sweep(step.sweep)?;
        let part = sweep.parts.borrow().get(&step.part).cloned();
        let part = part.ok_or_else(|| strange("a step of no part"))?;
        let numbers = data
            .pop()
            .ok_or_else(|| strange("a step without numbers"))?;
        let model = self.model.borrow().clone();
        let pause = Current {
            member: &self,
            sweep: step.sweep,
        };
        let steps = Steps {
            rows: sweep.begin.rows,
            pause: &pause,
        };
        let began = now();
        let slice = Slice::of(&model, steps, part.activations.clone());
        let (slice, resid) = match step.at {
            At::Enter { .. } => (slice.given(numbers), None),
            At::Through { .. } => (Rc::new(slice), Some(numbers)),
        };
        let readout = Readout::new(slice, &*part.positions, &[], sweep.begin.memory);
        let forward = Forward::new(&readout, sweep.begin.layer_norm, &sweep.entries);
        let after = match (step.at, resid) {
            (At::Through { layer }, Some(resid)) => {
                let d_model = model.config.d_model;
                let rows = resid.dims()[0] / d_model;
                let resid = resid.reshape([rows, d_model]);
                forward.through(Between { layer, resid }).await?
            }
            (At::Enter { stage, variants }, _) => forward.enter(stage, &variants).await?,
            _ => return Err(strange("a step without numbers")),
        };
        let data = vec![after.resid.flatten(0, 1)];
        Ok(Parcel::new(&[began, now()], data))
    }
}

enum Taken {
    Done(Vec<Tensor<1>>),
    Step(Step, Vec<Tensor<1>>),
}

/// A pause that ends what is no longer wanted.
struct Current<'c> {
    member: &'c Member,
    sweep: usize,
}

impl Pause for Current<'_> {
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        Box::pin(async {
            self.member.pause.pause().await?;
            self.member.sweep(self.sweep).map(drop)
        })
    }
}
