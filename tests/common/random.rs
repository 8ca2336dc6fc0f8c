//! A GPT-2 with random weights of any size.

use std::collections::BTreeMap;

use burn::tensor::Device;
use pathpatch::{
    checkpoint,
    gpt2::{Config, Gpt2},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::{Dtype, tensor::TensorView};

/// The size of a model.
pub struct Size {
    pub layers: usize,
    pub heads: usize,
    pub d_model: usize,
    pub positions: usize,
    pub vocabulary: usize,
}

/// A model with weights from -0.3 to 0.3, large enough that heads do not attend uniformly; the same on every device.
pub fn random_model(size: &Size, device: &Device) -> Gpt2 {
    let Size {
        layers,
        heads,
        d_model: d,
        positions,
        vocabulary,
    } = *size;
    let config = format!(
        r#"{{"n_layer": {layers}, "n_head": {heads}, "n_embd": {d}, "n_positions": {positions},
            "vocab_size": {vocabulary}}}"#
    );
    let mut shapes = BTreeMap::from([
        ("wte.weight".to_string(), vec![vocabulary, d]),
        ("wpe.weight".to_string(), vec![positions, d]),
        ("ln_f.weight".to_string(), vec![d]),
        ("ln_f.bias".to_string(), vec![d]),
    ]);
    for layer in 0..layers {
        for (name, shape) in [
            ("ln_1.weight", vec![d]),
            ("ln_1.bias", vec![d]),
            ("attn.c_attn.weight", vec![d, 3 * d]),
            ("attn.c_attn.bias", vec![3 * d]),
            ("attn.c_proj.weight", vec![d, d]),
            ("attn.c_proj.bias", vec![d]),
            ("ln_2.weight", vec![d]),
            ("ln_2.bias", vec![d]),
            ("mlp.c_fc.weight", vec![d, 4 * d]),
            ("mlp.c_fc.bias", vec![4 * d]),
            ("mlp.c_proj.weight", vec![4 * d, d]),
            ("mlp.c_proj.bias", vec![d]),
        ] {
            shapes.insert(format!("h.{layer}.{name}"), shape);
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = shapes
        .into_iter()
        .map(|(name, shape)| {
            let n: usize = shape.iter().product();
            let mean = if name.contains("ln_") && name.ends_with("weight") {
                1.0
            } else {
                0.0
            };
            let numbers =
                (0..n).flat_map(|_| (mean + rng.random_range(-0.3f32..0.3)).to_le_bytes());
            let bytes = numbers.collect();
            (name, shape, bytes)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name, view)
    });
    let weights = safetensors::serialize(views, None).unwrap();
    let config = Config::from_json(config.as_bytes()).unwrap();
    checkpoint::load(config, &weights, device).unwrap()
}
