//! Runs images for a test that compiles them elsewhere: the shim and nothing else, so that it is built for another processor in a
//! minute and runs under an emulator. Requests come on standard input, answers go to standard output.
//!
//! A request is a byte that says what, and its fields; numbers are 32 bits, little-endian, bytes have their length in front.
//!
//! | | fields | answer |
//! |---|---|---|
//! | `L` load | the image | 0 and the instance's number |
//! | `I` invoke | instance, name, number of values, values of 16 bytes | 0 and the values |
//! | `G` global | instance, name | 0 and the value |
//! | `D` drop | instance | 0 |
//!
//! Instead of 0: 1 and the number of a trap, or 2 and a text.

use nullvm_shim::host::HostTable;
use nullvm_shim::{CallError, Image, Instance, InstanceError, Limits, Plugin, Value};
use std::collections::HashMap;
use std::io::{self, Read, Write};

enum Answer {
    Ok(Vec<u8>),
    Trap(u32),
    Error(String),
}

/// The functions of the test suite's module `spectest` print and give nothing.
unsafe extern "C" fn print(_host: *mut core::ffi::c_void, _import: u32, _values: *mut u8) -> u32 {
    0
}

struct Connection<R>(R);

impl<R: Read> Connection<R> {
    fn number(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.0.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.number()? as usize];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn text(&mut self) -> io::Result<String> {
        String::from_utf8(self.bytes()?).map_err(io::Error::other)
    }
}

#[derive(Default)]
struct Instances {
    all: HashMap<u32, Box<Instance>>,
    next: u32,
}

impl Instances {
    fn load(&mut self, image: &[u8]) -> Answer {
        let image = match Image::map(image) {
            Ok(image) => image,
            Err(e) => return Answer::Error(e.to_string()),
        };
        let plugin = match Plugin::from_image(image) {
            Ok(plugin) => plugin,
            Err(e) => return Answer::Error(e.to_string()),
        };
        let host = HostTable { call_import: Some(print), ..HostTable::EMPTY };
        let limits = Limits { max_memory_bytes: 1 << 32, ..Limits::default() };
        match Instance::new(&plugin, &host, std::ptr::null_mut(), &limits) {
            Ok(instance) => {
                self.next += 1;
                self.all.insert(self.next, instance);
                Answer::Ok(self.next.to_le_bytes().to_vec())
            }
            Err(InstanceError::Trap { code, .. }) => Answer::Trap(code as u32),
            Err(e) => Answer::Error(e.to_string()),
        }
    }

    fn invoke(&self, instance: u32, name: &str, mut values: Vec<Value>) -> Answer {
        let Some(instance) = self.all.get(&instance) else { return Answer::Error("no instance".to_owned()) };
        match instance.invoke(name, &mut values) {
            Ok(()) => Answer::Ok(values.iter().flat_map(|v| v.0).collect()),
            Err(CallError::Trap(code)) => Answer::Trap(code as u32),
            Err(e) => Answer::Error(e.to_string()),
        }
    }

    fn global(&self, instance: u32, name: &str) -> Answer {
        match self.all.get(&instance).and_then(|i| i.global_get(name)) {
            Some((_, value)) => Answer::Ok(value.0.to_vec()),
            None => Answer::Error(format!("no global {name}")),
        }
    }
}

fn main() -> io::Result<()> {
    let mut input = Connection(io::stdin().lock());
    let mut output = io::stdout().lock();
    let mut instances = Instances::default();
    loop {
        let mut what = [0];
        if input.0.read(&mut what)? == 0 {
            return Ok(());
        }
        let answer = match what[0] {
            b'L' => instances.load(&input.bytes()?),
            b'I' => {
                let (instance, name, count) = (input.number()?, input.text()?, input.number()?);
                let mut values = vec![Value([0; 16]); count as usize];
                for value in &mut values {
                    input.0.read_exact(&mut value.0)?;
                }
                instances.invoke(instance, &name, values)
            }
            b'G' => {
                let (instance, name) = (input.number()?, input.text()?);
                instances.global(instance, &name)
            }
            b'D' => {
                let instance = input.number()?;
                instances.all.remove(&instance);
                Answer::Ok(Vec::new())
            }
            other => return Err(io::Error::other(format!("no request {other}"))),
        };
        let (status, bytes) = match answer {
            Answer::Ok(bytes) => (0, bytes),
            Answer::Trap(code) => (1, code.to_le_bytes().to_vec()),
            Answer::Error(text) => (2, text.into_bytes()),
        };
        output.write_all(&[status])?;
        output.write_all(&(bytes.len() as u32).to_le_bytes())?;
        output.write_all(&bytes)?;
        output.flush()?;
    }
}
