//! From a `config.json` to a session: a device, how it multiplies, and the weights that come one after the other.

use std::rc::Rc;

use crate::{
    checkpoint::Loader,
    device::{self, DeviceReport, LoadOptions, WeightType},
    error::{Code, Result, Warning},
    gpt2::Config,
    ops::{Product, Tile, has_f16, widest_head},
    patching::{Crew, Link},
    rate::{choose_product, product_named},
    session::Session,
    tokenizer::Tokenizer,
};

/// A model whose weights are still to come.
pub struct Loading {
    loader: Loader,
    tokenizer: Option<Tokenizer>,
    lack: Option<String>,
    device: DeviceReport,
    product: Product,
    /// How weights were to be stored.
    asked: WeightType,
    crew: Option<Rc<Crew>>,
}

impl Loading {
    /// The model's shape.
    pub fn config(&self) -> &Config {
        self.loader.config()
    }

    /// Which device it will be on.
    pub fn device(&self) -> &DeviceReport {
        &self.device
    }

    /// What there is in place of a tokenizer, for the error about prompts as text: see
    /// [`explain_missing`](crate::tokenizer::explain_missing).
    pub fn explain_tokenizer(&mut self, lack: Option<String>) {
        self.lack = lack;
    }

    /// Multiply with this tile where the model is on the CPU. A browser that knows relaxed SIMD has one that is faster
    /// than Burn's product.
    pub fn use_tile(&mut self, tile: Tile) {
        if self.device.kind == "cpu" {
            self.product = Product::Fused(tile);
            self.device.matmul = self.product.name();
        }
    }

    /// Share the model with other workers: each block goes to the one that holds it as soon as it is complete, and all take
    /// part in sweeps.
    pub fn share(&mut self, link: Rc<dyn Link>) {
        let crew = Rc::new(Crew::new(link, self.loader.config(), self.product));
        self.loader.share(crew.clone());
        self.crew = Some(crew);
    }

    /// The loader, which takes the bytes of the checkpoint's files.
    pub fn weights(&mut self) -> &mut Loader {
        &mut self.loader
    }

    /// The model, ready for prompts.
    ///
    /// # Errors
    /// [`Code::Checkpoint`] when weights are missing.
    pub fn finish(self) -> Result<Session> {
        let mut warnings = self.loader.warnings();
        let mut model = self.loader.finish()?;
        model.multiply_with(self.product);
        warnings.extend(tokenizer_warnings(self.tokenizer.as_ref(), &model.config));
        warnings.extend(weights_warning(self.asked, &self.device));
        Ok(Session::new(
            model,
            self.tokenizer,
            self.lack,
            self.device,
            self.crew,
            warnings,
        ))
    }
}

impl Session {
    /// Open a device for the model of a `config.json`; without a tokenizer, its prompts are token ids.
    ///
    /// # Errors
    /// [`Code::Config`] or [`Code::Device`].
    pub async fn begin(
        config: &[u8],
        tokenizer: Option<Tokenizer>,
        options: impl Into<LoadOptions>,
    ) -> Result<Loading> {
        let options = options.into();
        let config = Config::from_json(config)?;
        let (device, report) = device::open(options.device).await?;
        let (device, mut report) = match widest_head(&device) {
            Some(widest) if widest < config.d_head => {
                device::cpu_for_wide_heads(options.device, widest, config.d_head)?
            }
            _ => (device, report),
        };
        let weights = match has_f16(&device) {
            true => options.weights,
            false => WeightType::F32,
        };
        report.weights = weights;
        if let Some(race) = &mut report.race {
            let (d_model, d_mlp) = (config.d_model, config.d_mlp);
            *race = format!("{race}: {d_model} by {d_mlp}, {weights:?}");
        }
        let fastest = report
            .race
            .as_ref()
            .and_then(|race| options.fastest.get(race));
        let known = |name: &String| product_named(&device, &config, name);
        let product = match fastest.and_then(known) {
            Some(product) => product,
            None => {
                let (fastest, is_of_all) = choose_product(&device, &config, weights).await?;
                report.race = report.race.filter(|_| is_of_all);
                fastest
            }
        };
        report.matmul = product.name();
        Ok(Loading {
            loader: Loader::new(config, &device).storing(weights),
            asked: options.weights,
            tokenizer,
            lack: None,
            device: report,
            product,
            crew: None,
        })
    }
}

/// A warning for who asked for f16 weights: how far they round values, or why the weights are f32.
fn weights_warning(asked: WeightType, device: &DeviceReport) -> Option<Warning> {
    if asked == WeightType::F32 {
        return None;
    }
    let message = match device.weights {
        WeightType::F16 => "weights are stored as f16, each rounded by up to 1 part in 2,048: an effect of the bundled model's \
         differs by up to 0.003; take f32 for figures that others are to find again"
            .to_string(),
        _ if device.kind == "cpu" => "weights are stored as f32: f16 is for GPUs, and the model is on the CPU".to_string(),
        _ => "weights are stored as f32: this adapter has no shader-f16".to_string(),
    };
    Some(Warning::new(Code::Option, message))
}

/// Warnings where the tokenizer's files are not read as they say, or where `config.json` disagrees with them.
fn tokenizer_warnings(tokenizer: Option<&Tokenizer>, config: &Config) -> Vec<Warning> {
    let Some(tokenizer) = tokenizer else {
        return Vec::new();
    };
    let mut warnings = tokenizer.warnings().to_vec();
    let message = match (tokenizer.bos(), config.bos_token_id) {
        (Some(bos), Some(id)) if bos.id != id => format!(
            "texts begin with the tokenizer's beginning-of-text token {:?} (id {}); config.json names another, id {id}",
            bos.text, bos.id
        ),
        (None, Some(id)) if (id as usize) < config.d_vocab && !tokenizer.is_added(id) => format!(
            "texts begin with the token {} (id {id}), the bos_token_id of config.json; the tokenizer's files name no \
             beginning-of-text token",
            tokenizer.quote(&[id])
        ),
        _ => return warnings,
    };
    warnings.push(Warning::new(Code::Tokenizer, message));
    warnings
}
