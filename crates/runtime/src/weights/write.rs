//! Writing safetensors.

use std::collections::BTreeMap;

use candle_core::Tensor;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};

/// The bytes of a safetensors file of these tensors, in single precision, in the order of their names.
pub fn safetensors(tensors: &BTreeMap<String, Tensor>) -> Result<Vec<u8>> {
    let mut header = Map::new();
    // Tools ask for it to know whose names these are.
    header.insert("__metadata__".to_owned(), json!({ "format": "pt" }));
    let mut data = Vec::new();
    for (name, tensor) in tensors {
        let begin = data.len();
        let numbers = tensor.to_dtype(candle_core::DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        data.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        let entry = json!({
            "dtype": "F32",
            "shape": tensor.dims(),
            "data_offsets": [begin, data.len()],
        });
        header.insert(name.clone(), entry);
    }
    let fail = |error: serde_json::Error| Error::Compute(error.to_string());
    let mut text = serde_json::to_vec(&Value::Object(header)).map_err(fail)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut out = (text.len() as u64).to_le_bytes().to_vec();
    out.append(&mut text);
    out.append(&mut data);
    Ok(out)
}
