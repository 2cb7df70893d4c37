//! Between attributes and the interpreter's values.

use crate::value::AttributeValue;
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString,
    CelTimestamp, CelUInt, Kind,
};
use cel::common::value::Val;
use chrono::{DateTime, TimeDelta};
use std::collections::HashMap;

/// An attribute for the interpreter. Texts are borrowed where they are UTF-8. Of a repeated key the first value counts.
pub(super) fn view(value: &AttributeValue) -> Box<dyn Val + '_> {
    match value {
        AttributeValue::Null => Box::new(CelNull),
        AttributeValue::String(text) => Box::new(CelString::from(String::from_utf8_lossy(text))),
        AttributeValue::Bytes(bytes) => Box::new(CelBytes::from(bytes.as_slice())),
        AttributeValue::Int(n) => Box::new(CelInt::from(*n)),
        AttributeValue::Uint(n) => Box::new(CelUInt::from(*n)),
        AttributeValue::Bool(b) => Box::new(CelBool::from(*b)),
        AttributeValue::Double(n) => Box::new(CelDouble::from(*n)),
        AttributeValue::Timestamp(nanos) => {
            Box::new(CelTimestamp::from(DateTime::from_timestamp_nanos(*nanos).fixed_offset()))
        }
        AttributeValue::Duration(nanos) => Box::new(CelDuration::from(TimeDelta::nanoseconds(*nanos))),
        AttributeValue::Map(entries) => {
            let mut map: HashMap<CelMapKey<'_>, Box<dyn Val + '_>> = HashMap::with_capacity(entries.len());
            for (key, value) in entries {
                let key = CelMapKey::String(CelString::from(String::from_utf8_lossy(key)));
                map.entry(key).or_insert_with(|| view(value));
            }
            Box::new(CelMap::from(map))
        }
        AttributeValue::List(items) => Box::new(CelList::from(items.iter().map(view).collect::<Vec<_>>())),
    }
}

/// The result of an evaluation; `None` for what has no serialization, such as a type. Entries of a map that the
/// expression made have no order: they come sorted.
pub(super) fn result(value: &dyn Val) -> Option<AttributeValue> {
    Some(match value.get_type().kind() {
        Kind::NullType => AttributeValue::Null,
        Kind::String => AttributeValue::str(value.downcast_ref::<CelString>()?.inner()),
        Kind::Bytes => AttributeValue::Bytes(value.downcast_ref::<CelBytes>()?.inner().to_vec()),
        Kind::Int => AttributeValue::Int(*value.downcast_ref::<CelInt>()?.inner()),
        Kind::UInt => AttributeValue::Uint(*value.downcast_ref::<CelUInt>()?.inner()),
        Kind::Boolean => AttributeValue::Bool(*value.downcast_ref::<CelBool>()?.inner()),
        Kind::Double => AttributeValue::Double(*value.downcast_ref::<CelDouble>()?.inner()),
        Kind::Timestamp => {
            let time = value.downcast_ref::<CelTimestamp>()?.inner();
            // Years beyond 1677 and 2262 do not fit.
            let end = if time.timestamp() < 0 { i64::MIN } else { i64::MAX };
            AttributeValue::Timestamp(time.timestamp_nanos_opt().unwrap_or(end))
        }
        Kind::Duration => {
            let span = value.downcast_ref::<CelDuration>()?.inner();
            let end = if span.num_seconds() < 0 { i64::MIN } else { i64::MAX };
            AttributeValue::Duration(span.num_nanoseconds().unwrap_or(end))
        }
        Kind::List => {
            let items = value.downcast_ref::<CelList<'_>>()?.inner();
            AttributeValue::List(items.iter().map(|item| result(item.as_ref())).collect::<Option<_>>()?)
        }
        Kind::Map => {
            let map = value.downcast_ref::<CelMap<'_>>()?.inner();
            let key = |key: &CelMapKey<'_>| match key {
                CelMapKey::Bool(b) => AttributeValue::Bool(*b.inner()),
                CelMapKey::Int(n) => AttributeValue::Int(*n.inner()),
                CelMapKey::UInt(n) => AttributeValue::Uint(*n.inner()),
                CelMapKey::String(text) => AttributeValue::str(text.inner()),
            };
            let mut entries = map
                .iter()
                .map(|(k, v)| Some((key(k).serialize(), result(v.as_ref())?)))
                .collect::<Option<Vec<_>>>()?;
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            AttributeValue::Map(entries)
        }
        _ => return None,
    })
}

/// The price of a value: what reading and keeping a copy costs, one for 8 bytes.
pub(super) fn size(value: &dyn Val) -> u64 {
    if let Some(text) = value.downcast_ref::<CelString>() {
        return bytes(text.inner().len());
    }
    if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        return list.inner().iter().map(|item| 2 + size(item.as_ref())).sum();
    }
    if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        let key = |key: &CelMapKey<'_>| match key {
            CelMapKey::String(text) => bytes(text.inner().len()),
            _ => 0,
        };
        return map.inner().iter().map(|(k, v)| 4 + key(k) + size(v.as_ref())).sum();
    }
    value.downcast_ref::<CelBytes>().map_or(0, |b| bytes(b.inner().len()))
}

pub(super) fn bytes(len: usize) -> u64 {
    len as u64 / 8
}
