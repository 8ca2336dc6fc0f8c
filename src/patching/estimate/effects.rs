//! The sums of estimated effects, and the numbers of the device that are still to be added to them.

use std::{mem, ops::Range, rc::Rc};

use burn::tensor::Tensor;

use super::ask::Ask;
use crate::{
    error::Result,
    ops::cat,
    patching::{
        cell::Cell,
        graph::{Graph, Receiver, Sender},
        readout::to_host,
        scale::Scale,
        table::EdgeTable,
    },
};

/// What is known of edges at each position.
#[derive(Debug, Clone, PartialEq)]
pub struct ByPosition {
    /// Positions of the longest prompt.
    pub pos: usize,
    /// The places of the edges that have estimates, in order: all that were asked for, or none.
    pub places: Vec<usize>,
    /// The estimated effects of these edges, each as a whole.
    pub whole: Vec<f32>,
    /// Estimated effects of patching them at one position alone, `[edge, pos]`, in the mean over the pairs. They add up
    /// to that of the whole edge, but for [`Scores::Estimate`](crate::patching::Scores::Estimate) into keys, where
    /// positions compete in one softmax.
    pub estimates: Vec<f32>,
    /// Exact effects of patching an edge at one position alone, `[pos]` each, with the place of the edge.
    pub exact: Vec<(usize, Vec<f32>)>,
}

/// By how much each edge moves the metric as measured.
pub(in crate::patching) struct Effects {
    graph: Graph,
    /// Which edges were asked for, `[sender, receiver]` in the order of [`Graph::place`].
    asked: Vec<bool>,
    /// In the same order.
    sums: Vec<f32>,
    by_position: Option<Positions>,
}

/// The same at each position.
struct Positions {
    pos: usize,
    /// Which of the edges that were asked for is at each place.
    edge: Vec<Option<usize>>,
    /// `[edge, pos]`.
    sums: Vec<f32>,
}

impl Effects {
    /// No effects yet of the edges that are asked for; at each of `pos` positions too if they are.
    pub(super) fn none(graph: Graph, ask: &Ask<'_>, pos: usize) -> Self {
        let places = graph.n_senders() * graph.n_receivers();
        let mut asked = vec![false; places];
        for edge in ask.edges {
            asked[graph.place(*edge)] = true;
        }
        let by_position = || {
            let mut edge_at = vec![None; places];
            let mut edges = 0;
            for place in (0..places).filter(|place| asked[*place]) {
                edge_at[place] = Some(edges);
                edges += 1;
            }
            Positions {
                pos,
                edge: edge_at,
                sums: vec![0.0; edges * pos],
            }
        };
        let by_position = ask.by_position.then(by_position);
        Self {
            graph,
            asked,
            sums: vec![0.0; places],
            by_position,
        }
    }

    /// Whether effects at each position are kept.
    pub(super) fn is_by_position(&self) -> bool {
        self.by_position.is_some()
    }

    /// The effect of the edge at a place; NaN where it was not asked for.
    pub fn at(&self, place: usize) -> f32 {
        match self.asked[place] {
            true => self.sums[place],
            false => f32::NAN,
        }
    }

    /// Put the estimates that were asked for into a table that has the base run's metric; returns their places. Those
    /// that are not finite numbers are left out.
    pub fn fill(&self, table: &mut EdgeTable, scale: &Scale) -> Vec<usize> {
        let is_known = |place: &usize| self.asked[*place];
        let mut places = Vec::new();
        for place in (0..self.sums.len()).filter(is_known) {
            let value = table.base() + self.sums[place] / scale.unit;
            if value.is_finite() {
                table.cells[place] = Cell::Estimate(value);
                places.push(place);
            }
        }
        places
    }

    /// The effects at each position; `None` where they were not asked for.
    pub fn by_position(self, scale: &Scale) -> Option<ByPosition> {
        let Positions { pos, edge, sums } = self.by_position?;
        let places: Vec<usize> = (0..edge.len()).filter(|i| edge[*i].is_some()).collect();
        let whole = places.iter().map(|place| self.sums[*place] / scale.unit);
        Some(ByPosition {
            pos,
            whole: whole.collect(),
            places,
            estimates: sums.into_iter().map(|sum| sum / scale.unit).collect(),
            exact: Vec::new(),
        })
    }

    /// Receivers in adjacent columns, from `first` on, with the senders of which an edge into one of them is asked for;
    /// `None` where there is no such edge.
    pub(super) fn group(&self, first: Receiver, n: usize) -> Option<Group> {
        let column = self.graph.column(first);
        let is_asked = |sender: &Sender| {
            let first = self.graph.row(*sender) * self.graph.n_receivers() + column;
            self.asked[first..first + n].contains(&true)
        };
        let senders: Vec<Sender> = self.graph.senders().filter(is_asked).collect();
        if senders.is_empty() {
            return None;
        }
        let rows = senders.iter().map(|sender| self.graph.row(*sender));
        Some(Group {
            columns: column..column + n,
            rows: rows.collect(),
            senders,
        })
    }
}

/// Receivers in adjacent columns, and senders with edges into them.
pub(super) struct Group {
    pub columns: Range<usize>,
    pub senders: Vec<Sender>,
    /// The rows of the senders.
    rows: Rc<[usize]>,
}

impl Group {
    /// The senders, at most so many at a time but at least one, with their places among all.
    pub fn senders(&self, most: usize) -> impl Iterator<Item = (Range<usize>, &[Sender])> {
        let most = most.max(1);
        let starts = (0..).step_by(most);
        let some = starts.zip(self.senders.chunks(most));
        some.map(|(start, senders)| (start..start + senders.len(), senders))
    }
}

/// Effects on the device, until they are fetched all at once.
pub(super) struct Results {
    is_by_position: bool,
    numbers: Vec<Tensor<1>>,
    waiting: Vec<Waiting>,
}

/// Where numbers belong.
struct Waiting {
    rows: Rc<[usize]>,
    /// Which of the rows.
    senders: Range<usize>,
    columns: Range<usize>,
    /// The positions, slowest; `None` for the effects of whole edges.
    positions: Option<Range<usize>>,
}

impl Results {
    pub fn new(is_by_position: bool) -> Self {
        Self {
            is_by_position,
            numbers: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Whether effects at each position are wanted too.
    pub fn is_by_position(&self) -> bool {
        self.is_by_position
    }

    /// How many numbers are held.
    pub fn floats(&self) -> usize {
        let numbers = self.numbers.iter();
        numbers.map(|numbers| numbers.dims()[0]).sum()
    }

    /// Effects of whole edges from some of a group's senders into some of its columns, counted from its first.
    ///
    /// # Shapes
    /// - `effects`: `[sender, receiver]`
    pub fn whole(
        &mut self,
        group: &Group,
        senders: Range<usize>,
        to: Range<usize>,
        effects: Tensor<2>,
    ) {
        self.wait(group, senders, to, None, effects.flatten(0, 1));
    }

    /// The same at positions from `first` on.
    ///
    /// # Shapes
    /// - `effects`: `[pos, sender, receiver]`
    pub fn at_positions(
        &mut self,
        group: &Group,
        senders: Range<usize>,
        to: Range<usize>,
        first: usize,
        effects: Tensor<3>,
    ) {
        let [pos, ..] = effects.dims();
        let positions = Some(first..first + pos);
        self.wait(group, senders, to, positions, effects.flatten(0, 2));
    }

    fn wait(
        &mut self,
        group: &Group,
        senders: Range<usize>,
        to: Range<usize>,
        positions: Option<Range<usize>>,
        numbers: Tensor<1>,
    ) {
        let first = group.columns.start;
        self.numbers.push(numbers);
        self.waiting.push(Waiting {
            rows: group.rows.clone(),
            senders,
            columns: first + to.start..first + to.end,
            positions,
        });
    }

    /// Fetch what is held and add a share of it.
    ///
    /// # Errors
    /// Those of the device.
    pub async fn add_to(&mut self, effects: &mut Effects, share: f32) -> Result<()> {
        let waiting = mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let numbers = cat(mem::take(&mut self.numbers), 0);
        let mut numbers = to_host(numbers).await?.into_iter();
        let n_receivers = effects.graph.n_receivers();
        for Waiting {
            rows,
            senders,
            columns,
            positions,
        } in waiting
        {
            let places = || {
                let rows = rows[senders.clone()].iter();
                rows.flat_map(|row| {
                    columns
                        .clone()
                        .map(move |column| row * n_receivers + column)
                })
            };
            match (positions, &mut effects.by_position) {
                (None, _) => {
                    for (place, number) in places().zip(numbers.by_ref()) {
                        effects.sums[place] += share * number;
                    }
                }
                (Some(positions), Some(by_position)) => {
                    let Positions { pos, edge, sums } = by_position;
                    for position in positions {
                        for (place, number) in places().zip(numbers.by_ref()) {
                            if let Some(edge) = edge[place] {
                                sums[edge * *pos + position] += share * number;
                            }
                        }
                    }
                }
                (Some(_), None) => unreachable!("kept only where they are wanted"),
            }
        }
        Ok(())
    }
}
