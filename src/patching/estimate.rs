//! First-order estimates of every edge from one backward pass (attribution patching).
//!
//! ```text
//! metric(c_corr + delta_c) ~ metric(corr) + sum(delta_c * d metric / d c)
//! ```
//!
//! The gradient of the metric with respect to each head's q, k and v on the corrupted run, contracted with
//! what each source would add there: all three components of all edges for the price of two forward
//! passes. After Nanda, "Attribution Patching" (2023), and Syed et al., "Attribution Patching Outperforms
//! Automated Circuit Discovery" (2023). The backward pass is written out, so that the browser does not
//! download an autodiff engine for one function; it stays on the rows, where alone anything can change.

use burn::tensor::Tensor;

use super::{
    Component, Grid, Head, LayerNorm, grid::all_heads, readout::Readout, runs::Runs,
    sweep::empty_grid, sweep::fill_estimates, sweep::to_host,
};
use crate::{
    error::{Code, Error, Result},
    gpt2::{Block, BlockCache, layer_norm, matmul},
    metric::Metric,
};

/// First-order estimates of the full sweep, `[n_layers, n_heads, n_layers, n_heads]` each.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates {
    /// Into queries.
    pub q: Grid,
    /// Into keys.
    pub k: Grid,
    /// Into values.
    pub v: Grid,
}

/// Estimate every edge from every head to every later head's query, key and value.
///
/// # Errors
/// [`Code::Metric`] for a metric without a gradient, or a normalised one with nothing to normalise by;
/// [`Code::Device`] when the device fails; whatever ends a pause.
pub async fn estimate_direct_path_all_sources(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    layer_norm: LayerNorm,
) -> Result<Estimates> {
    let config = &runs.model.config;
    let sources = all_heads(config);
    let readout = Readout::of(runs, metric);
    let (layers, heads) = (config.n_layers, config.n_heads);
    let shape = vec![layers, heads, layers, heads];
    let (grid, scale) = empty_grid(runs, metric, &readout, &sources, shape).await?;
    let effects = estimated_effects(runs, metric, &readout, &sources, layer_norm).await?;
    let effects = effects.ok_or_else(|| {
        let expected = "a metric with a gradient";
        Error::new(Code::Metric, "estimate", expected, "one without")
    })?;
    let of = |component| {
        let mut grid = grid.clone();
        fill_estimates(&mut grid, effects.of(component), &scale);
        grid
    };
    Ok(Estimates {
        q: of(Component::Q),
        k: of(Component::K),
        v: of(Component::V),
    })
}

/// By how much each edge would move the metric, a component each, in the order of a grid's values.
pub(super) struct Effects([Vec<f32>; 3]);

impl Effects {
    /// No effects yet, of so many edges.
    fn none(edges: usize) -> Self {
        Self([0, 1, 2].map(|_| vec![0.0; edges]))
    }

    pub fn of(&self, component: Component) -> &[f32] {
        &self.0[component as usize]
    }
}

/// Estimate what every edge from `sources` does; `None` where the metric has no gradient.
pub(super) async fn estimated_effects(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    readout: &Readout<'_>,
    sources: &[Head],
    layer_norm: LayerNorm,
) -> Result<Option<Effects>> {
    let config = &runs.model.config;
    let (layers, heads) = (config.n_layers, config.n_heads);
    let logits = readout.of_whole_runs(runs.corrupted.final_resid());
    let Some(gradient) = metric.gradient(logits) else {
        return Ok(None);
    };
    let delta_resid = runs.delta_resid(sources);
    let [n_src, flat, d_model] = delta_resid.dims();
    let delta_resid = delta_resid.reshape([n_src, flat * d_model]);
    let mut resid = runs.before_unembedding(readout, gradient);
    let mut parts = Vec::new();
    for layer in (1..layers).rev() {
        let gradients = runs.through_block(layer, resid, layer_norm);
        // What one unit of residual stream does by way of each head's q, k and v.
        let by_resid = gradients.by_resid.reshape([3 * heads, flat * d_model]);
        let effects = delta_resid.clone().matmul(by_resid.transpose());
        parts.push(effects.reshape([n_src * 3 * heads]));
        resid = gradients.resid_pre;
        runs.pause.pause().await?;
    }
    let mut effects = Effects::none(n_src * layers * heads);
    if parts.is_empty() {
        return Ok(Some(effects));
    }
    let numbers = to_host(Tensor::cat(parts, 0)).await?;
    for (i, effect) in numbers.into_iter().enumerate() {
        let (head, component) = (i % heads, i / heads % 3);
        let (src, from_last) = (i / (3 * heads) % n_src, i / (3 * heads * n_src));
        let layer = layers - 1 - from_last;
        effects.0[component][(src * layers + layer) * heads + head] = effect;
    }
    Ok(Some(effects))
}

/// The gradient of the metric around one block.
struct Gradients {
    /// With respect to its input, `[batch * rows, d_model]`.
    resid_pre: Tensor<2>,
    /// With respect to the residual stream as each head's q, k and v read it,
    /// `[3 * head, batch * rows, d_model]`.
    by_resid: Tensor<3>,
}

impl Runs<'_> {
    /// Gradient with respect to the final residual stream on the rows, `[batch * rows, d_model]`.
    ///
    /// # Shapes
    /// - `gradient`: with respect to the logits, `[1, batch, pos, token]`
    fn before_unembedding(&self, readout: &Readout, gradient: Tensor<4>) -> Tensor<2> {
        let [_, batch, pos, tokens] = gradient.dims();
        let queries = readout.queries();
        let asked = queries.count(self.rows);
        let on_rows = gradient.narrow(2, pos - asked, asked);
        let on_rows = on_rows.reshape([batch * asked, tokens]);
        let normalised = readout.unembedding.backward(on_rows);
        let resid = self.flat_rows(&self.corrupted.final_resid());
        let resid = queries.select(resid, self.rows);
        let gradient = through_norm(resid, self.model.config.eps, normalised);
        queries.put_back(gradient, self.rows)
    }

    /// Through a block, backwards: MLP, then attention.
    ///
    /// # Shapes
    /// - `gradient`: with respect to its output, `[batch * rows, d_model]`
    fn through_block(&self, layer: usize, gradient: Tensor<2>, mode: LayerNorm) -> Gradients {
        let (block, cache) = (&self.model.blocks[layer], &self.corrupted.blocks[layer]);
        let gradient = self.through_mlp(block, cache, gradient);
        let qkv = self.through_attention(block, cache, gradient.clone());
        let [flat, d_model] = gradient.dims();
        let heads = self.model.config.n_heads;
        let normalised = qkv.clone().matmul(block.w_qkv.clone().transpose());
        let resid_pre = self.flat_rows(&cache.resid_pre);
        let after = gradient + through_norm(resid_pre.clone(), block.eps, normalised);
        let d_head = d_model / heads;
        let of_heads = |x: Tensor<2>| {
            let rows = x.dims()[0];
            x.reshape([rows, 3 * heads, d_head]).swap_dims(0, 1)
        };
        let w_qkv = of_heads(block.w_qkv.clone()).transpose();
        let by_resid = of_heads(qkv).matmul(w_qkv);
        debug_assert_eq!(by_resid.dims(), [3 * heads, flat, d_model]);
        let by_resid = match mode {
            LayerNorm::Frozen => by_resid / self.flat_rows(&cache.ln1_scale).unsqueeze_dim(0),
            LayerNorm::Exact => through_norm(resid_pre.unsqueeze_dim(0), block.eps, by_resid),
        };
        Gradients {
            resid_pre: after,
            by_resid,
        }
    }

    fn through_mlp(&self, block: &Block, cache: &BlockCache, gradient: Tensor<2>) -> Tensor<2> {
        let resid_mid = self.flat_rows(&cache.resid_mid);
        let (normalised, _) = layer_norm(resid_mid.clone(), block.eps);
        let pre = matmul(normalised, &block.w_in) + block.b_in.clone().unsqueeze();
        let post = gradient.clone().matmul(block.w_out.clone().transpose());
        let pre = post * block.activation.derivative(pre);
        let normalised = pre.matmul(block.w_in.clone().transpose());
        gradient + through_norm(resid_mid, block.eps, normalised)
    }

    /// Gradient with respect to q, k and v of all heads on the rows, `[batch * rows, 3 * d_model]`.
    ///
    /// # Shapes
    /// - `gradient`: with respect to `resid_mid`, `[batch * rows, d_model]`
    fn through_attention(
        &self,
        block: &Block,
        cache: &BlockCache,
        gradient: Tensor<2>,
    ) -> Tensor<2> {
        let [flat, d_model] = gradient.dims();
        let (heads, d_head) = (block.n_heads, d_model / block.n_heads);
        let z = gradient.matmul(block.w_o.clone().transpose());
        let z = z
            .reshape([self.batch, self.rows, heads, d_head])
            .swap_dims(1, 2);
        let on_rows = |x: &Tensor<4>| x.clone().narrow(2, self.first, self.rows);
        let pattern = on_rows(&cache.pattern);
        let by_pattern = z.clone().matmul(cache.v.clone().transpose());
        let mean = (pattern.clone() * by_pattern.clone()).sum_dim(3);
        let scores = pattern.clone() * (by_pattern - mean) / (d_head as f64).sqrt();
        let q = scores.clone().matmul(cache.k.clone());
        let k = scores.transpose().matmul(on_rows(&cache.q));
        let v = pattern.transpose().matmul(z);
        let flatten = |x: Tensor<4>| x.swap_dims(1, 2).reshape([flat, d_model]);
        Tensor::cat(
            vec![flatten(q), flatten(on_rows(&k)), flatten(on_rows(&v))],
            1,
        )
    }
}

/// Through LayerNorm, backwards: `(g - mean(g) - y mean(g y)) / scale` for a normalised `y`.
///
/// # Shapes
/// - `x`: its input, `[.., rows, d_model]`; `gradient`: with respect to its output, likewise, also returned
fn through_norm<const D: usize>(x: Tensor<D>, eps: f64, gradient: Tensor<D>) -> Tensor<D> {
    let (y, scale) = layer_norm(x, eps);
    let along = (gradient.clone() * y.clone()).mean_dim(D - 1);
    (gradient.clone() - gradient.mean_dim(D - 1) - y * along) / scale
}
