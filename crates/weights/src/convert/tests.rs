use artifact::Blob;
use formats::DType;
use vocabulary::Untrusted;

use super::Array;
use super::array::plain;

/// A generator of numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u8) -> u8 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let [.., high] = self.0.to_le_bytes();
        high % n
    }
}

/// Any view of a small storage.
fn any(numbers: &mut Numbers) -> Array {
    let dtype = [DType::U8, DType::I16, DType::F32, DType::C64][usize::from(numbers.below(4))];
    let dimensions = numbers.below(5);
    let shape: Vec<u64> = (0..dimensions).map(|_| numbers.below(5).into()).collect();
    let stride: Vec<u64> = (0..dimensions).map(|_| numbers.below(40).into()).collect();
    let offset = numbers.below(10).into();
    let last: u64 = shape.iter().zip(&stride).map(|(n, s)| n.saturating_sub(1) * s).sum();
    let width = dtype.block().1;
    let data = (0..(offset + last + 1) * width).map(|_| numbers.below(255)).collect();
    Array {
        name: Untrusted::new("x"),
        dtype,
        shape,
        stride,
        offset,
        data: Blob::from_vec(data),
        big_endian: numbers.below(2) == 1,
        memory: None,
    }
}

#[test]
fn any_view_is_written_as_its_elements_in_order() {
    let mut numbers = Numbers(7);
    for _ in 0..3000 {
        let array = any(&mut numbers);
        let expected = plain(&array);
        for chunk in [8, 24, 1000] {
            let mut out = Vec::new();
            array.write_by(chunk, &mut out, &mut Vec::new()).unwrap();
            assert_eq!(out, expected, "{array:?} in chunks of {chunk}");
        }
    }
}

#[test]
fn a_large_transposed_array_is_read_in_runs() {
    let (rows, columns) = (3000u32, 1700u32);
    let data: Vec<u8> = (0..rows * columns).flat_map(u32::to_le_bytes).collect();
    let array = Array {
        name: Untrusted::new("x"),
        dtype: DType::I32,
        shape: vec![columns.into(), rows.into()],
        stride: vec![1, columns.into()],
        offset: 0,
        data: Blob::from_vec(data),
        big_endian: false,
        memory: None,
    };
    let mut out = Vec::new();
    array.write(&mut out, &mut Vec::new()).unwrap();
    let element = |index: usize| u32::from_le_bytes(out[index * 4..][..4].try_into().unwrap());
    for (row, column) in [(0, 0), (1, 0), (2999, 1699), (1234, 567), (2999, 0)] {
        let index = usize::try_from(column * rows + row).unwrap();
        assert_eq!(element(index), row * columns + column);
    }
}

#[test]
fn data_that_ends_early_is_told() {
    let mut array = any(&mut Numbers(3));
    (array.shape, array.stride, array.offset) = (vec![9], vec![1], 1_000_000);
    let broke = array.write(&mut Vec::new(), &mut Vec::new()).unwrap_err();
    assert!(format!("{broke:?}").contains("ends before"));
}
