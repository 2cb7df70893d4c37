//! The state of a root context.

use nullvm_shim::host::Pair;

/// A response of a call, shown during `proxy_on_http_call_response`.
#[derive(Debug, Default)]
pub struct HttpResponse {
    /// Headers.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Headers,
}

/// Headers that are ours: names in lower case, in their order.
#[derive(Clone, Debug, Default)]
pub struct Headers(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Headers {
    /// Copies Envoy's.
    pub fn copy(pairs: &[Pair]) -> Self {
        // SAFETY: Envoy's pairs are readable during the hook that gave them.
        Self(
            pairs
                .iter()
                .map(|p| unsafe { (p.key.as_slice().to_vec(), p.value.as_slice().to_vec()) })
                .collect(),
        )
    }

    /// The first value of a name, in any case.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.0.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_slice())
    }

    /// Appends.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        self.0.push((name.to_ascii_lowercase(), value.to_vec()));
    }

    /// Replaces all values of a name by one, in the place of the first.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        match self.0.iter().position(|(k, _)| k.eq_ignore_ascii_case(name)) {
            Some(at) => {
                self.0[at].1 = value.to_vec();
                let mut n = 0;
                self.0.retain(|(k, _)| {
                    n += 1;
                    n <= at + 1 || !k.eq_ignore_ascii_case(name)
                });
            }
            None => self.add(name, value),
        }
    }

    /// Removes all values of a name.
    pub fn remove(&mut self, name: &[u8]) {
        self.0.retain(|(k, _)| !k.eq_ignore_ascii_case(name));
    }

    /// As the shim takes them; valid as long as these.
    pub fn pairs(&self, out: &mut Vec<Pair>) {
        use nullvm_shim::host::Bytes;
        out.clear();
        out.extend(self.0.iter().map(|(k, v)| Pair { key: Bytes::new(k), value: Bytes::new(v) }));
    }

    /// Bytes of all names and values.
    pub fn byte_size(&self) -> usize {
        self.0.iter().map(|(k, v)| k.len() + v.len()).sum()
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Root {
    /// The plugin, for all contexts that name it.
    pub keeps: Option<std::sync::Arc<super::PluginInfo>>,
    /// Whether `proxy_on_configure` runs: the configuration is readable.
    pub configuring: bool,
    /// `proxy_on_done` answered "not yet".
    pub pending_done: bool,
    /// The response that is shown.
    pub http_response: Option<HttpResponse>,
    /// The message that is shown.
    pub grpc_message: Option<Vec<u8>>,
    /// The metadata that is shown.
    pub grpc_initial: Option<Headers>,
    /// The metadata that is shown.
    pub grpc_trailing: Option<Headers>,
    /// What `proxy_get_status` answers.
    pub status: (u32, String),
    /// Properties that the plugin declared, or set outside of streams.
    pub properties: crate::host_table::RootProperties,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        Headers(pairs.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())).collect())
    }

    #[test]
    fn setting_replaces_all_values_in_the_place_of_the_first() {
        let mut map = headers(&[("a", "1"), ("b", "2"), ("a", "3")]);
        map.set(b"A", b"9");
        assert_eq!(map.0, headers(&[("a", "9"), ("b", "2")]).0);
        map.set(b"C", b"4");
        assert_eq!(map.get(b"c"), Some(&b"4"[..]));
        map.remove(b"B");
        assert_eq!(map.byte_size(), 4);
    }
}
