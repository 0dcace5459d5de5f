//! Vectors as they arrive: numbers or base64, checked before anybody uses them.

use std::fmt;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::senseless::Senseless;
use crate::Vector;

/// More numbers than any model makes (the largest known are 4,096).
const MAX_NUMBERS: usize = 65_536;

/// The numbers of one vector: a list, or little-endian `f32` in base64 as OpenAI sends on request.
#[derive(Debug, PartialEq)]
pub(crate) struct Numbers(pub(crate) Vec<f32>);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumbersVisitor)
    }
}

struct NumbersVisitor;

impl<'de> Visitor<'de> for NumbersVisitor {
    type Value = Numbers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers or base64")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Numbers, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = list.next_element::<f32>()? {
            if numbers.len() == MAX_NUMBERS {
                return Err(A::Error::custom("a vector of too many numbers"));
            }
            numbers.push(number);
        }
        Ok(Numbers(numbers))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Numbers, E> {
        let bytes = STANDARD.decode(text).map_err(|_| E::custom("a vector that is no base64"))?;
        let (numbers, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() || numbers.len() > MAX_NUMBERS {
            return Err(E::custom("a vector of a wrong length"));
        }
        Ok(Numbers(numbers.iter().map(|four| f32::from_le_bytes(*four)).collect()))
    }
}

/// Sorts by index; every index from 0 on must be there once. Services that send no index keep the order.
pub(crate) fn in_order(
    found: Vec<(Option<usize>, Numbers)>,
    count: usize,
) -> Result<Vec<Numbers>, Senseless> {
    if found.len() != count {
        return Err(Senseless::Count { found: found.len(), texts: count });
    }
    if found.iter().all(|(index, _)| index.is_none()) {
        return Ok(found.into_iter().map(|(_, numbers)| numbers).collect());
    }
    let mut places: Vec<Option<Numbers>> = (0..count).map(|_| None).collect();
    for (index, numbers) in found {
        let index = index.ok_or(Senseless::NoIndex)?;
        let place = places.get_mut(index).ok_or(Senseless::Index(index))?;
        if place.replace(numbers).is_some() {
            return Err(Senseless::SameIndex(index));
        }
    }
    // As many as places, each place at most once: none is empty.
    Ok(places.into_iter().flatten().collect())
}

/// A vector of length 1, or what is wrong with the numbers.
fn unit(numbers: Numbers) -> Result<Vector, Senseless> {
    Vector::normalized(numbers.0).ok_or(Senseless::NoDirection)
}

/// The same, and as long as all others of this embedder. What came first decides.
pub(crate) fn checked(numbers: Numbers, dimensions: &OnceLock<usize>) -> Result<Vector, Senseless> {
    let found = numbers.0.len();
    let vector = unit(numbers)?;
    let known = *dimensions.get_or_init(|| found);
    if found != known {
        return Err(Senseless::Dimensions { found, known });
    }
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use super::{Numbers, in_order, unit};
    use proptest::prelude::*;

    fn of(json: &str) -> Option<Vec<f32>> {
        serde_json::from_str::<Numbers>(json).ok().map(|numbers| numbers.0)
    }

    #[test]
    fn numbers_come_as_a_list_or_in_base64() {
        assert_eq!(of("[1, -0.5]"), Some(vec![1.0, -0.5]));
        assert_eq!(of(r#""AACAPwAAAL8=""#), Some(vec![1.0, -0.5]));
        for bad in ["[1, null]", "[1, \"2\"]", "[NaN]", r#""AACAPwAA""#, r#""?""#, "null", "{}", "[1e999]"] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert!(unit(Numbers(vec![1e39_f64 as f32])).is_err());
    }

    type Row<'a> = (&'a [Option<usize>], usize, Option<&'a [f32]>);

    #[test]
    fn every_index_is_there_once() {
        let list = |indexes: &[Option<usize>]| {
            indexes.iter().enumerate().map(|(at, index)| (*index, Numbers(vec![at as f32]))).collect()
        };
        let rows: [Row<'_>; 7] = [
            (&[Some(1), Some(0)], 2, Some(&[1.0, 0.0])),
            (&[None, None], 2, Some(&[0.0, 1.0])),
            (&[Some(0), Some(0)], 2, None),
            (&[Some(0), Some(2)], 2, None),
            (&[Some(0), None], 2, None),
            (&[Some(0)], 2, None),
            (&[Some(0), Some(1)], 1, None),
        ];
        for (indexes, count, expected) in rows {
            let found = in_order(list(indexes), count).ok();
            let found = found.map(|all| all.iter().map(|numbers| numbers.0[0]).collect::<Vec<_>>());
            assert_eq!(found.as_deref(), expected, "{indexes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_order_comes_out_sorted(order in Just((0..20).collect::<Vec<usize>>()).prop_shuffle()) {
            let found = order.iter().map(|&index| (Some(index), Numbers(vec![index as f32]))).collect();
            let sorted: Vec<f32> = in_order(found, 20).unwrap().into_iter().map(|numbers| numbers.0[0]).collect();
            prop_assert_eq!(sorted, (0..20).map(|index| index as f32).collect::<Vec<_>>());
        }
    }
}
