//! Element types of tensors, over every format that names them.

use vocabulary::{Span, Untrusted};

/// A tensor as a file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: Untrusted,
    /// Its element type; `None` where the file names one that no release of the format knows.
    pub dtype: Option<DType>,
    /// Its dimensions, in the file's order.
    pub shape: Vec<u64>,
    /// Its bytes in the blob, as declared: they may lie past the end.
    pub data: Span,
}

/// How many bytes `shape` elements of `dtype` take; `None` on overflow, and where the elements do
/// not fill whole blocks (or, for types under eight bits, whole bytes).
pub fn byte_len(dtype: DType, shape: &[u64]) -> Option<u64> {
    let count = shape.iter().try_fold(1u64, |product, n| product.checked_mul(*n))?;
    dtype.byte_len(count)
}

struct Row {
    dtype: DType,
    name: &'static str,
    /// Elements a block, and bytes a block.
    block: (u64, u64),
    safetensors: &'static str,
    /// `-1`: ggml has no such type.
    ggml: i32,
    /// numpy's `descr` without the byte order.
    numpy: &'static str,
    torch: &'static str,
    /// Class of the legacy typed storage in `torch`.
    storage: &'static str,
}

/// One line a type: the enum and the table of its names come from the same place.
macro_rules! dtypes {
    ($($(#[$doc:meta])* $id:ident $name:literal $elements:literal:$bytes:literal
       $safetensors:literal $ggml:literal $numpy:literal $torch:literal $storage:literal;)*) => {
        /// The type of a tensor's elements.
        #[allow(non_camel_case_types, reason = "the names are the formats' own")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DType { $($(#[$doc])* $id,)* }

        const ROWS: &[Row] = &[$(Row {
            dtype: DType::$id, name: $name, block: ($elements, $bytes), safetensors: $safetensors,
            ggml: $ggml, numpy: $numpy, torch: $torch, storage: $storage,
        },)*];
    };
}

dtypes! {
    /// IEEE 754 binary64.
    F64 "F64" 1:8 "F64" 28 "f8" "float64" "DoubleStorage";
    /// IEEE 754 binary32.
    F32 "F32" 1:4 "F32" 0 "f4" "float32" "FloatStorage";
    /// IEEE 754 binary16.
    F16 "F16" 1:2 "F16" 1 "f2" "float16" "HalfStorage";
    /// bfloat16.
    BF16 "BF16" 1:2 "BF16" 30 "" "bfloat16" "BFloat16Storage";
    /// 8-bit float, 4 exponent bits, finite.
    F8_E4M3 "F8_E4M3" 1:1 "F8_E4M3" -1 "" "float8_e4m3fn" "";
    /// 8-bit float, 5 exponent bits.
    F8_E5M2 "F8_E5M2" 1:1 "F8_E5M2" -1 "" "float8_e5m2" "";
    /// 8-bit float, 4 exponent bits, no negative zero.
    F8_E4M3FNUZ "F8_E4M3FNUZ" 1:1 "F8_E4M3FNUZ" -1 "" "float8_e4m3fnuz" "";
    /// 8-bit float, 5 exponent bits, no negative zero.
    F8_E5M2FNUZ "F8_E5M2FNUZ" 1:1 "F8_E5M2FNUZ" -1 "" "float8_e5m2fnuz" "";
    /// 8-bit power of two (a scale).
    F8_E8M0 "F8_E8M0" 1:1 "F8_E8M0" -1 "" "float8_e8m0fnu" "";
    /// 6-bit float, 2 exponent bits.
    F6_E2M3 "F6_E2M3" 4:3 "F6_E2M3" -1 "" "" "";
    /// 6-bit float, 3 exponent bits.
    F6_E3M2 "F6_E3M2" 4:3 "F6_E3M2" -1 "" "" "";
    /// 4-bit float, two in a byte.
    F4 "F4" 2:1 "F4" -1 "" "float4_e2m1fn_x2" "";
    /// Signed 64-bit integer.
    I64 "I64" 1:8 "I64" 27 "i8" "int64" "LongStorage";
    /// Signed 32-bit integer.
    I32 "I32" 1:4 "I32" 26 "i4" "int32" "IntStorage";
    /// Signed 16-bit integer.
    I16 "I16" 1:2 "I16" 25 "i2" "int16" "ShortStorage";
    /// Signed 8-bit integer.
    I8 "I8" 1:1 "I8" 24 "i1" "int8" "CharStorage";
    /// Unsigned 64-bit integer.
    U64 "U64" 1:8 "U64" -1 "u8" "uint64" "";
    /// Unsigned 32-bit integer.
    U32 "U32" 1:4 "U32" -1 "u4" "uint32" "";
    /// Unsigned 16-bit integer.
    U16 "U16" 1:2 "U16" -1 "u2" "uint16" "";
    /// Unsigned 8-bit integer.
    U8 "U8" 1:1 "U8" -1 "u1" "uint8" "ByteStorage";
    /// A byte that is 0 or 1.
    BOOL "BOOL" 1:1 "BOOL" -1 "b1" "bool" "BoolStorage";
    /// Two binary16.
    C32 "C32" 1:4 "" -1 "" "complex32" "ComplexHalfStorage";
    /// Two binary32.
    C64 "C64" 1:8 "C64" -1 "c8" "complex64" "ComplexFloatStorage";
    /// Two binary64.
    C128 "C128" 1:16 "" -1 "c16" "complex128" "ComplexDoubleStorage";
    /// torch: signed 8-bit with a scale.
    QI8 "QI8" 1:1 "" -1 "" "qint8" "QInt8Storage";
    /// torch: unsigned 8-bit with a scale.
    QU8 "QU8" 1:1 "" -1 "" "quint8" "QUInt8Storage";
    /// torch: signed 32-bit with a scale.
    QI32 "QI32" 1:4 "" -1 "" "qint32" "QInt32Storage";
    /// torch: two unsigned 4-bit in a byte.
    QU4x2 "QU4x2" 2:1 "" -1 "" "quint4x2" "QUInt4x2Storage";
    /// torch: four unsigned 2-bit in a byte.
    QU2x4 "QU2x4" 4:1 "" -1 "" "quint2x4" "QUInt2x4Storage";
    /// ggml `Q4_0`.
    Q4_0 "Q4_0" 32:18 "" 2 "" "" "";
    /// ggml `Q4_1`.
    Q4_1 "Q4_1" 32:20 "" 3 "" "" "";
    /// ggml `Q5_0`.
    Q5_0 "Q5_0" 32:22 "" 6 "" "" "";
    /// ggml `Q5_1`.
    Q5_1 "Q5_1" 32:24 "" 7 "" "" "";
    /// ggml `Q8_0`.
    Q8_0 "Q8_0" 32:34 "" 8 "" "" "";
    /// ggml `Q8_1`. The package `gguf` says 40 bytes, ggml 36; files do not hold it.
    Q8_1 "Q8_1" 32:36 "" 9 "" "" "";
    /// ggml `Q2_K`.
    Q2_K "Q2_K" 256:84 "" 10 "" "" "";
    /// ggml `Q3_K`.
    Q3_K "Q3_K" 256:110 "" 11 "" "" "";
    /// ggml `Q4_K`.
    Q4_K "Q4_K" 256:144 "" 12 "" "" "";
    /// ggml `Q5_K`.
    Q5_K "Q5_K" 256:176 "" 13 "" "" "";
    /// ggml `Q6_K`.
    Q6_K "Q6_K" 256:210 "" 14 "" "" "";
    /// ggml `Q8_K`.
    Q8_K "Q8_K" 256:292 "" 15 "" "" "";
    /// ggml `IQ2_XXS`.
    IQ2_XXS "IQ2_XXS" 256:66 "" 16 "" "" "";
    /// ggml `IQ2_XS`.
    IQ2_XS "IQ2_XS" 256:74 "" 17 "" "" "";
    /// ggml `IQ3_XXS`.
    IQ3_XXS "IQ3_XXS" 256:98 "" 18 "" "" "";
    /// ggml `IQ1_S`.
    IQ1_S "IQ1_S" 256:50 "" 19 "" "" "";
    /// ggml `IQ4_NL`.
    IQ4_NL "IQ4_NL" 32:18 "" 20 "" "" "";
    /// ggml `IQ3_S`.
    IQ3_S "IQ3_S" 256:110 "" 21 "" "" "";
    /// ggml `IQ2_S`.
    IQ2_S "IQ2_S" 256:82 "" 22 "" "" "";
    /// ggml `IQ4_XS`.
    IQ4_XS "IQ4_XS" 256:136 "" 23 "" "" "";
    /// ggml `IQ1_M`.
    IQ1_M "IQ1_M" 256:56 "" 29 "" "" "";
    /// ggml `Q4_0` interleaved by 4 rows of 4; removed from ggml, still in files.
    Q4_0_4_4 "Q4_0_4_4" 32:18 "" 31 "" "" "";
    /// ggml `Q4_0` interleaved by 4 rows of 8; removed from ggml, still in files.
    Q4_0_4_8 "Q4_0_4_8" 32:18 "" 32 "" "" "";
    /// ggml `Q4_0` interleaved by 8 rows of 8; removed from ggml, still in files.
    Q4_0_8_8 "Q4_0_8_8" 32:18 "" 33 "" "" "";
    /// ggml `TQ1_0`.
    TQ1_0 "TQ1_0" 256:54 "" 34 "" "" "";
    /// ggml `TQ2_0`.
    TQ2_0 "TQ2_0" 256:66 "" 35 "" "" "";
    /// ggml `IQ4_NL` interleaved by 4 rows of 4; removed from ggml.
    IQ4_NL_4_4 "IQ4_NL_4_4" 32:18 "" 36 "" "" "";
    /// ggml `IQ4_NL` interleaved by 4 rows of 8; removed from ggml.
    IQ4_NL_4_8 "IQ4_NL_4_8" 32:18 "" 37 "" "" "";
    /// ggml `IQ4_NL` interleaved by 8 rows of 8; removed from ggml.
    IQ4_NL_8_8 "IQ4_NL_8_8" 32:18 "" 38 "" "" "";
    /// ggml `MXFP4`.
    MXFP4 "MXFP4" 32:17 "" 39 "" "" "";
    /// ggml `NVFP4`.
    NVFP4 "NVFP4" 64:36 "" 40 "" "" "";
    /// ggml `Q1_0`.
    Q1_0 "Q1_0" 128:18 "" 41 "" "" "";
}

impl DType {
    /// Every type.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.dtype)
    }

    fn row(self) -> Option<&'static Row> {
        // The table is in the order of the enum, both from one macro.
        ROWS.get(self as usize)
    }

    /// Its name here: that of safetensors, or else of ggml.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.name)
    }

    /// Elements a block, and bytes a block: `(1, 4)` for `F32`, `(32, 18)` for `Q4_0`.
    pub fn block(self) -> (u64, u64) {
        self.row().map_or((1, 1), |row| row.block)
    }

    /// Bits an element, where that is a whole number.
    pub fn bits(self) -> Option<u64> {
        let (elements, bytes) = self.block();
        let bits = bytes.checked_mul(8)?;
        (bits.checked_rem(elements)? == 0).then_some(bits.checked_div(elements)?)
    }

    /// Whether a block of elements shares scales: they cannot be read one by one.
    pub fn is_quantized(self) -> bool {
        self.block().0 >= 32
    }

    /// Bytes that `count` elements take; `None` on overflow and where they do not fill whole blocks.
    pub fn byte_len(self, count: u64) -> Option<u64> {
        let (elements, bytes) = self.block();
        if count.checked_rem(elements)? != 0 {
            return None;
        }
        count.checked_div(elements)?.checked_mul(bytes)
    }

    /// By its name in a safetensors header.
    pub fn from_safetensors(name: &str) -> Option<Self> {
        Self::find(|row| !row.safetensors.is_empty() && row.safetensors == name)
    }

    /// By its number in ggml and GGUF.
    pub fn from_ggml(id: u32) -> Option<Self> {
        let id = i32::try_from(id).ok()?;
        Self::find(|row| row.ggml == id)
    }

    /// By numpy's `descr`, with or without the byte order (`<f4`, `|b1`, `f4`).
    pub fn from_numpy(descr: &str) -> Option<Self> {
        let plain = descr.strip_prefix(['<', '>', '|', '=']).unwrap_or(descr);
        let plain = if plain == "?" { "b1" } else { plain };
        Self::find(|row| !row.numpy.is_empty() && row.numpy == plain)
    }

    /// By its name in torch, with or without `torch.` (`torch.float32`).
    pub fn from_torch(name: &str) -> Option<Self> {
        let plain = name.strip_prefix("torch.").unwrap_or(name);
        let plain = match plain {
            "double" => "float64",
            "float" => "float32",
            "half" => "float16",
            "long" => "int64",
            "int" => "int32",
            "short" => "int16",
            "cfloat" => "complex64",
            "cdouble" => "complex128",
            "chalf" => "complex32",
            other => other,
        };
        Self::find(|row| !row.torch.is_empty() && row.torch == plain)
    }

    /// By the class of a torch storage, with or without `torch.` (`FloatStorage`). An
    /// `UntypedStorage` is bytes.
    pub fn from_torch_storage(class: &str) -> Option<Self> {
        let plain = class.rsplit('.').next().unwrap_or(class);
        if plain == "UntypedStorage" {
            return Some(Self::U8);
        }
        Self::find(|row| !row.storage.is_empty() && row.storage == plain)
    }

    /// Its name in a safetensors header, where it has one.
    pub fn safetensors_name(self) -> Option<&'static str> {
        self.row().map(|row| row.safetensors).filter(|name| !name.is_empty())
    }

    /// Its number in ggml, where it has one.
    pub fn ggml_id(self) -> Option<u32> {
        self.row().and_then(|row| u32::try_from(row.ggml).ok())
    }

    /// Its name in torch, where it has one (`float32`).
    pub fn torch_name(self) -> Option<&'static str> {
        self.row().map(|row| row.torch).filter(|name| !name.is_empty())
    }

    /// Its `descr` in numpy without the byte order, where it has one (`f4`).
    pub fn numpy_name(self) -> Option<&'static str> {
        self.row().map(|row| row.numpy).filter(|name| !name.is_empty())
    }

    fn find(matches: impl Fn(&Row) -> bool) -> Option<Self> {
        ROWS.iter().find(|row| matches(row)).map(|row| row.dtype)
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for dtype in DType::all() {
            assert_eq!(dtype.row().unwrap().dtype, dtype);
            assert!(dtype.block().0 > 0 && dtype.block().1 > 0);
        }
    }

    #[test]
    fn every_name_leads_back() {
        for dtype in DType::all() {
            if let Some(name) = dtype.safetensors_name() {
                assert_eq!(DType::from_safetensors(name), Some(dtype));
            }
            if let Some(id) = dtype.ggml_id() {
                assert_eq!(DType::from_ggml(id), Some(dtype));
            }
            if let Some(name) = dtype.torch_name() {
                assert_eq!(DType::from_torch(&format!("torch.{name}")), Some(dtype));
            }
            if let Some(name) = dtype.numpy_name() {
                assert_eq!(DType::from_numpy(&format!("<{name}")), Some(dtype));
            }
        }
        assert_eq!(DType::from_torch_storage("torch.HalfStorage"), Some(DType::F16));
        for none in ["", "f32", "F32 "] {
            assert_eq!(DType::from_safetensors(none), None);
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(byte_len(DType::F32, &[]), Some(4));
        assert_eq!(byte_len(DType::F32, &[3, 0]), Some(0));
        assert_eq!(byte_len(DType::F4, &[3]), None);
        assert_eq!(byte_len(DType::F6_E2M3, &[8]), Some(6));
        assert_eq!(byte_len(DType::Q4_0, &[64, 2]), Some(72));
        assert_eq!(byte_len(DType::Q4_0, &[33]), None);
        assert_eq!(byte_len(DType::U8, &[1 << 32, 1 << 32]), None);
        assert_eq!(byte_len(DType::F64, &[1 << 61]), None);
        assert_eq!(DType::F4.bits(), Some(4));
        assert_eq!(DType::Q4_0.bits(), None);
    }
}
