//! Tagged values, of which the control messages of PulseAudio's native protocol are made: one byte
//! of type, then big-endian numbers, texts that end in a zero byte, or bytes with a length.
//!
//! Nothing is copied or allocated while reading, so that a hostile server can't make us. The crate
//! `pulseaudio` has the same types, but allocates what a length field says, up to 4 GiB, before it
//! reads the bytes, and refuses a whole list because of one unknown code in it.

/// A message that is not made of the values it should be made of. It names the value expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no {0} where the protocol has one")]
pub(crate) struct Malformed(&'static str);

/// One value of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value<'a> {
    /// Values that no message of ours is interested in: truth values, volumes, channel maps,
    /// times, properties.
    Other,
    S64(i64),
    Spec {
        format: u8,
        channels: u8,
        rate: u32,
    },
    /// `None` is the null text, which is not the empty one.
    Text(Option<&'a [u8]>),
    U32(u32),
    Usec(u64),
}

/// Reads values one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        match self.value()? {
            Value::U32(number) => Ok(number),
            _ => Err(Malformed("number of 32 bits")),
        }
    }

    pub(crate) fn s64(&mut self) -> Result<i64, Malformed> {
        match self.value()? {
            Value::S64(number) => Ok(number),
            _ => Err(Malformed("signed number of 64 bits")),
        }
    }

    pub(crate) fn usec(&mut self) -> Result<u64, Malformed> {
        match self.value()? {
            Value::Usec(number) => Ok(number),
            _ => Err(Malformed("duration")),
        }
    }

    /// A text for people: at most [`MAX_TEXT_BYTES`], without control characters.
    pub(crate) fn text(&mut self) -> Result<Option<String>, Malformed> {
        let Value::Text(text) = self.value()? else {
            return Err(Malformed("text"));
        };
        let Some(text) = text else { return Ok(None) };
        let text = text.get(..MAX_TEXT_BYTES).unwrap_or(text);
        let text = String::from_utf8_lossy(text);
        Ok(Some(text.chars().filter(|c| !c.is_control()).collect()))
    }

    /// Whether the next value is the sample format that all our streams have.
    pub(crate) fn spec_is_ours(&mut self) -> Result<bool, Malformed> {
        match self.value()? {
            Value::Spec {
                format,
                channels,
                rate,
            } => Ok((format, channels, rate) == (FORMAT, 1, crate::RATE)),
            _ => Err(Malformed("sample format")),
        }
    }

    /// Steps over values of any type. A list of properties counts as one.
    pub(crate) fn skip(&mut self, count: usize) -> Result<(), Malformed> {
        for _ in 0..count {
            self.value()?;
        }
        Ok(())
    }

    fn value(&mut self) -> Result<Value<'a>, Malformed> {
        let [tag] = self.array("type of a value")?;
        Ok(match tag {
            b't' => Value::Text(Some(self.until_zero()?)),
            b'N' => Value::Text(None),
            b'L' => Value::U32(self.u32_bare()?),
            b'B' => {
                let [_] = self.array("byte")?;
                Value::Other
            }
            b'R' | b'T' => {
                self.u64_bare()?;
                Value::Other
            }
            b'r' => Value::S64(self.u64_bare()?.cast_signed()),
            b'U' => Value::Usec(self.u64_bare()?),
            b'a' => {
                let [format, channels] = self.array("sample format")?;
                let rate = self.u32_bare()?;
                Value::Spec {
                    format,
                    channels,
                    rate,
                }
            }
            b'x' => {
                let length = self.u32_bare()?;
                self.take(length, "bytes")?;
                Value::Other
            }
            b'0' | b'1' => Value::Other,
            b'm' => self.counted(1)?,
            b'v' => self.counted(4)?,
            b'V' => {
                self.u32_bare()?;
                Value::Other
            }
            b'P' => self.properties()?,
            _ => return Err(Malformed("known type of a value")),
        })
    }

    /// A byte that counts what follows: channels or volumes.
    fn counted(&mut self, size: u32) -> Result<Value<'a>, Malformed> {
        let [count] = self.array("count")?;
        self.take(u32::from(count) * size, "as many as counted")?;
        Ok(Value::Other)
    }

    /// Pairs of a name and a value with its length, ended by the null text.
    fn properties(&mut self) -> Result<Value<'a>, Malformed> {
        loop {
            match self.bytes.first() {
                Some(b'N') => {
                    self.take(1, "end of properties")?;
                    return Ok(Value::Other);
                }
                Some(b't') => {
                    self.take(1, "name of a property")?;
                    self.until_zero()?;
                    let [b'L', ..] = self.bytes else {
                        return Err(Malformed("length of a property"));
                    };
                    self.take(5, "length of a property")?;
                    let [b'x', ..] = self.bytes else {
                        return Err(Malformed("property"));
                    };
                    self.take(1, "property")?;
                    let length = self.u32_bare()?;
                    self.take(length, "property")?;
                }
                _ => return Err(Malformed("name of a property")),
            }
        }
    }

    fn until_zero(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.bytes.iter().position(|&byte| byte == 0);
        let length = length.ok_or(Malformed("end of a text"))?;
        let (text, rest) = self.bytes.split_at(length);
        self.bytes = rest.get(1..).unwrap_or_default();
        Ok(text)
    }

    fn u32_bare(&mut self) -> Result<u32, Malformed> {
        self.array("32 bits").map(u32::from_be_bytes)
    }

    fn u64_bare(&mut self) -> Result<u64, Malformed> {
        self.array("64 bits").map(u64::from_be_bytes)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or(Malformed(what))?;
        self.bytes = rest;
        Ok(*array)
    }

    fn take(&mut self, length: u32, what: &'static str) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed(what))?;
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(Malformed(what))?;
        self.bytes = rest;
        Ok(taken)
    }
}

/// Bytes of a name or description that are kept.
const MAX_TEXT_BYTES: usize = 256;
/// Signed 16 bit, little endian.
const FORMAT: u8 = 3;
/// Full volume.
const NORMAL: u32 = 0x10000;

/// Writes the values of one message.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn u32(mut self, number: u32) -> Self {
        self.0.push(b'L');
        self.0.extend(number.to_be_bytes());
        self
    }

    pub(crate) fn bools(mut self, values: &[bool]) -> Self {
        let tags = values.iter().map(|&is| if is { b'1' } else { b'0' });
        self.0.extend(tags);
        self
    }

    /// A text, which ends at its first zero byte.
    pub(crate) fn text(mut self, text: Option<&str>) -> Self {
        match text {
            Some(text) => {
                self.0.push(b't');
                self.0.extend(text.bytes().take_while(|&byte| byte != 0));
                self.0.push(0);
            }
            None => self.0.push(b'N'),
        }
        self
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.push(b'x');
        self.0.extend(length.to_be_bytes());
        self.0.extend(bytes);
        self
    }

    /// Our sample format, then one channel in the middle.
    pub(crate) fn spec_and_map(mut self) -> Self {
        self.0.extend([b'a', FORMAT, 1]);
        self.0.extend(crate::RATE.to_be_bytes());
        self.0.extend([b'm', 1, 0]);
        self
    }

    /// Full volume of one channel.
    pub(crate) fn volume(mut self) -> Self {
        self.0.extend([b'v', 1]);
        self.0.extend(NORMAL.to_be_bytes());
        self
    }

    /// The time 0: we have no use for the server's echo of it.
    pub(crate) fn no_time(mut self) -> Self {
        self.0.push(b'T');
        self.0.extend([0; 8]);
        self
    }

    /// Properties, whose values are texts with their zero byte.
    pub(crate) fn properties(mut self, properties: &[(&str, &str)]) -> Self {
        self.0.push(b'P');
        for (name, value) in properties {
            let mut value = value.as_bytes().to_vec();
            value.push(0);
            let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
            self = self.text(Some(name)).u32(length).bytes(&value);
        }
        self.text(None)
    }
}
