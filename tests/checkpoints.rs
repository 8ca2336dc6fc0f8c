//! Checkpoints that are broken or foreign: each ends in an error that names what is wrong.

use std::collections::BTreeMap;

use burn::tensor::Device;
use pathpatch::{
    checkpoint,
    error::{Code, Error},
    gpt2::Config,
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::common::{fixtures, read};

const MODEL: &str = "prefixed-f32";

fn file() -> Vec<u8> {
    read(fixtures().join(MODEL).join("model.safetensors"))
}

fn load(bytes: &[u8]) -> Result<(), Error> {
    let config = Config::from_json(&read(fixtures().join(MODEL).join("config.json"))).unwrap();
    checkpoint::load(config, bytes, &Device::flex()).map(|_| ())
}

/// The error of loading these bytes; its code is always the same.
fn refused(bytes: &[u8]) -> String {
    let error = load(bytes).unwrap_err();
    assert_eq!(error.code, Code::Checkpoint);
    error.to_string()
}

type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// The file with its tensors changed.
fn changed(change: impl FnOnce(&mut Tensors)) -> Vec<u8> {
    let bytes = file();
    let views = SafeTensors::deserialize(&bytes).unwrap().tensors();
    let own = |(name, view): (String, TensorView)| {
        (
            name,
            (view.dtype(), view.shape().to_vec(), view.data().to_vec()),
        )
    };
    let mut tensors: Tensors = views.into_iter().map(own).collect();
    change(&mut tensors);
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

/// The file with its header changed and the data left alone.
fn with_header(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let bytes = file();
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header = serde_json::from_slice(&bytes[8..8 + len]).unwrap();
    change(&mut header);
    let header = header.to_string();
    let length = (header.len() as u64).to_le_bytes();
    [&length, header.as_bytes(), &bytes[8 + len..]].concat()
}

#[test]
fn the_file_as_written_loads() {
    load(&file()).unwrap();
    load(&changed(|_| ())).unwrap();
    load(&with_header(|_| ())).unwrap();
}

#[test]
fn truncated_anywhere() {
    let bytes = file();
    for len in [0, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        let error = refused(&bytes[..len]);
        assert!(error.starts_with("model.safetensors: expected "), "{error}");
    }
    assert_eq!(
        refused(&bytes[..bytes.len() - 1]),
        format!(
            "model.safetensors: expected all the bytes that the header announces and no more, \
             got a file of {} bytes (truncated?)",
            bytes.len() - 1
        )
    );
}

#[test]
fn bytes_after_the_end() {
    let error = refused(&[file(), vec![0; 4]].concat());
    assert!(error.contains("and no more"), "{error}");
}

#[test]
fn a_header_that_lies_about_its_length() {
    for (lie, expected) in [
        (0, "a JSON header of tensors"),
        (10, "a JSON header of tensors"),
        (1 << 20, "a header that ends within the file"),
        (u64::MAX, "a header of at most 100 MB"),
    ] {
        let mut bytes = file();
        bytes[..8].copy_from_slice(&lie.to_le_bytes());
        let error = refused(&bytes);
        assert!(error.contains(expected), "{lie}: {error}");
    }
}

#[test]
fn something_else_under_that_name() {
    let page = b"<!DOCTYPE html><html><body>404</body></html>".repeat(10);
    assert!(refused(&page).starts_with("model.safetensors: expected "));
}

#[test]
fn overlapping_and_gapped_offsets() {
    for shift in [-4, 4] {
        let error = refused(&with_header(|header| {
            let offsets = &mut header["transformer.wpe.weight"]["data_offsets"];
            for i in 0..2 {
                offsets[i] = (offsets[i].as_i64().unwrap() + shift).into();
            }
        }));
        assert!(error.contains("without gap or overlap"), "{error}");
    }
}

#[test]
fn offsets_that_do_not_fit_the_shape() {
    let error = refused(&with_header(|header| {
        header["transformer.ln_f.bias"]["shape"] = serde_json::json!([17]);
    }));
    assert!(error.contains("as its shape and type take"), "{error}");
}

#[test]
fn a_missing_tensor() {
    let error = refused(&changed(|t| {
        t.remove("transformer.h.1.ln_2.bias").unwrap();
    }));
    assert_eq!(
        error,
        "tensor h.1.ln_2.bias: expected shape [16], got a file with 27 tensors, not this one"
    );
}

#[test]
fn an_extra_tensor() {
    let error = refused(&changed(|t| {
        let extra = t["transformer.h.1.ln_2.bias"].clone();
        t.insert("transformer.h.2.ln_2.bias".into(), extra);
    }));
    assert_eq!(
        error,
        "tensor h.2.ln_2.bias: expected only tensors of a GPT-2 with 2 layers, \
         got 1 that do not belong there"
    );
}

#[test]
fn one_tensor_under_both_names() {
    let error = refused(&changed(|t| {
        let again = t["transformer.ln_f.bias"].clone();
        t.insert("ln_f.bias".into(), again);
    }));
    assert!(
        error.starts_with("tensor ln_f.bias: expected one"),
        "{error}"
    );
}

#[test]
fn a_tensor_of_another_shape() {
    let error = refused(&changed(|t| {
        let (_, shape, _) = t.get_mut("transformer.h.0.attn.c_attn.weight").unwrap();
        shape.reverse();
    }));
    assert_eq!(
        error,
        "tensor h.0.attn.c_attn.weight: expected shape [16, 48], got [48, 16]"
    );
}

#[test]
fn a_type_that_is_no_weight() {
    let error = refused(&changed(|t| {
        t.get_mut("transformer.ln_f.weight").unwrap().0 = Dtype::I32;
    }));
    assert_eq!(
        error,
        "tensor ln_f.weight: expected F32, F16 or BF16, got I32"
    );
}

#[test]
fn weights_that_are_not_finite() {
    for (value, name) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let error = refused(&changed(|t| {
            let data = &mut t.get_mut("transformer.wte.weight").unwrap().2;
            data[12..16].copy_from_slice(&value.to_le_bytes());
        }));
        assert_eq!(
            error,
            format!("tensor wte.weight: expected finite numbers, got {name} at element 3")
        );
    }
}
