//! Where code runs: in this process, or in `nullvm-test-remote` on an emulated processor.

use nullvm_shim::host::HostTable;
use nullvm_shim::{CallError, Image, Instance, InstanceError, Limits, Plugin, Value};
use plugin_abi::TrapCode;
use std::cell::RefCell;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

/// How a call ended otherwise than well.
pub enum Ended {
    /// It trapped.
    Trap(TrapCode),
    /// It should not have.
    Bug(String),
}

/// A processor.
#[derive(Clone)]
pub enum Machine {
    /// This one.
    Here,
    /// Another one.
    There(Rc<RefCell<Remote>>),
}

/// An instance on it.
pub enum Running {
    Here(Box<Instance>),
    There { remote: Rc<RefCell<Remote>>, instance: u32 },
}

/// The functions of `spectest` print and give nothing.
unsafe extern "C" fn print(_host: *mut core::ffi::c_void, _import: u32, _values: *mut u8) -> u32 {
    0
}

impl Machine {
    /// Its target triple; `None` for this one's.
    pub fn target(&self) -> Option<String> {
        match self {
            Self::Here => None,
            Self::There(remote) => Some(remote.borrow().target.clone()),
        }
    }

    /// Loads an image and makes an instance.
    pub fn instantiate(&self, image: &[u8]) -> Result<Running, Ended> {
        let bug = |e: &dyn std::fmt::Display| Ended::Bug(e.to_string());
        match self {
            Self::Here => {
                let image = Image::map(image).map_err(|e| bug(&e))?;
                let plugin = Plugin::from_image(image).map_err(|e| bug(&e))?;
                let host = HostTable { call_import: Some(print), ..HostTable::EMPTY };
                // Whole memories are grown to their limits by the scripts.
                let limits = Limits { max_memory_bytes: 1 << 32, ..Limits::default() };
                match Instance::new(&plugin, &host, std::ptr::null_mut(), &limits) {
                    Ok(instance) => Ok(Running::Here(instance)),
                    Err(InstanceError::Trap { code, .. }) => Err(Ended::Trap(code)),
                    Err(e) => Err(bug(&e)),
                }
            }
            Self::There(remote) => {
                let answer = remote.borrow_mut().ask(&[b"L", &sized(image)])?;
                let instance = u32::from_le_bytes(answer.try_into().expect("a number"));
                Ok(Running::There { remote: remote.clone(), instance })
            }
        }
    }
}

impl Running {
    /// Calls a function; `values` are its arguments and then its results.
    pub fn invoke(&self, name: &str, values: &mut [Value]) -> Result<(), Ended> {
        match self {
            Self::Here(instance) => instance.invoke(name, values).map_err(|e| match e {
                CallError::Trap(code) => Ended::Trap(code),
                e => Ended::Bug(e.to_string()),
            }),
            Self::There { remote, instance } => {
                let count = (values.len() as u32).to_le_bytes();
                let bytes: Vec<u8> = values.iter().flat_map(|v| v.0).collect();
                let request: [&[u8]; 5] =
                    [b"I", &instance.to_le_bytes(), &sized(name.as_bytes()), &count, &bytes];
                let answer = remote.borrow_mut().ask(&request)?;
                for (value, bytes) in values.iter_mut().zip(answer.chunks_exact(16)) {
                    value.0.copy_from_slice(bytes);
                }
                Ok(())
            }
        }
    }

    /// The value of an exported global.
    pub fn global(&self, name: &str) -> Result<Value, Ended> {
        match self {
            Self::Here(instance) => {
                let found = instance.global_get(name).map(|(_, value)| value);
                found.ok_or_else(|| Ended::Bug(format!("no global {name}")))
            }
            Self::There { remote, instance } => {
                let request: [&[u8]; 3] = [b"G", &instance.to_le_bytes(), &sized(name.as_bytes())];
                let answer = remote.borrow_mut().ask(&request)?;
                Ok(Value(answer.try_into().expect("16 bytes")))
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Self::There { remote, instance } = self {
            let _ = remote.borrow_mut().ask(&[b"D", &instance.to_le_bytes()]);
        }
    }
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

/// `nullvm-test-remote`, running. Its protocol stands there.
pub struct Remote {
    target: String,
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Remote {
    /// Starts it; `command` is the program, with an emulator in front.
    pub fn start(target: &str, command: &str) -> Self {
        let mut words = command.split_whitespace();
        let mut child = Command::new(words.next().expect("a program"))
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{command}: {e}"));
        let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Self { target: target.to_owned(), child, input, output }
    }

    fn ask(&mut self, request: &[&[u8]]) -> Result<Vec<u8>, Ended> {
        let gone = |e: std::io::Error| Ended::Bug(format!("the remote machine is gone: {e}"));
        self.input.write_all(&request.concat()).map_err(gone)?;
        let mut head = [0; 5];
        self.output.read_exact(&mut head).map_err(gone)?;
        let len = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
        let mut answer = vec![0; len as usize];
        self.output.read_exact(&mut answer).map_err(gone)?;
        match head[0] {
            0 => Ok(answer),
            1 => Err(Ended::Trap(TrapCode::from_u8(answer[0]).expect("a trap"))),
            _ => Err(Ended::Bug(String::from_utf8_lossy(&answer).into_owned())),
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
