//! Documents made from random bytes: written in every way there is, and wrongly at times. Once the
//! random bytes are used up the shortest way is taken, so a failing case shrinks.

/// An object in some way of writing: mostly sound.
pub(super) fn document(random: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new(random);
    writer.space();
    writer.object(5);
    writer.space();
    writer.out
}

/// As [`document`], with bytes cut out, put in or replaced.
pub(super) fn slipped(random: &[u8]) -> Vec<u8> {
    let (choices, random) = random.split_at(random.len().min(16));
    let mut bytes = document(random);
    let mut slips = Writer::new(choices);
    loop {
        let start = slips.number() % (bytes.len() + 1);
        let length = match slips.pick(8) {
            0..3 => 0,
            3..7 => 1,
            _ => slips.number(),
        };
        let end = (start + length).min(bytes.len());
        let inserted = match slips.pick(4) {
            0 => vec![],
            1 => vec![slips.byte()],
            _ => vec![slips.one_of(b"{}[],:\"\\/bfnrtu0123456789+-.eE \t\n\r")],
        };
        bytes.splice(start..end, inserted);
        if slips.pick(4) != 1 {
            return bytes;
        }
    }
}

struct Writer<'r> {
    random: std::slice::Iter<'r, u8>,
    out: Vec<u8>,
}

impl<'r> Writer<'r> {
    fn new(random: &'r [u8]) -> Self {
        Self {
            random: random.iter(),
            out: Vec::new(),
        }
    }

    fn byte(&mut self) -> u8 {
        self.random.next().copied().unwrap_or(0)
    }

    fn number(&mut self) -> usize {
        usize::from(u16::from_le_bytes([self.byte(), self.byte()]))
    }

    fn pick(&mut self, among: u8) -> u8 {
        self.byte() % among
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    fn write(&mut self, text: impl AsRef<[u8]>) {
        self.out.extend_from_slice(text.as_ref());
    }

    fn space(&mut self) {
        while self.pick(8) > 5 {
            let space = self.one_of(&[" ", "\n", "\t", "\r", "    "]);
            self.write(space);
        }
    }

    fn value(&mut self, depth: u8) {
        match self.pick(12) {
            8 | 9 if depth > 0 => self.object(depth - 1),
            10 | 11 if depth > 0 => self.items("[", "]", 0, |writer| writer.value(depth - 1)),
            1..3 => self.decimal(),
            3..8 => self.string(),
            _ => {
                let word = self.one_of(&["null", "true", "false", "[]", "{}", "\"\""]);
                self.write(word);
            }
        }
    }

    fn object(&mut self, depth: u8) {
        let least = match self.pick(8) {
            1 => 12 + self.pick(8),
            _ => 0,
        };
        self.items("{", "}", least, |writer| {
            if writer.pick(16) == 1 {
                writer.string();
            } else {
                // Many keys, of which seldom two are the same.
                let key = format!("\"{}\"", writer.number());
                writer.write(key);
            }
            writer.space();
            writer.write(":");
            writer.space();
            writer.value(depth);
        });
    }

    fn items(&mut self, open: &str, close: &str, least: u8, mut item: impl FnMut(&mut Self)) {
        self.write(open);
        self.space();
        let mut count = 0;
        while count < least || self.pick(4) > 1 {
            if count > 0 {
                self.write(",");
                self.space();
            }
            item(self);
            self.space();
            count += 1;
        }
        self.write(close);
    }

    fn string(&mut self) {
        self.write("\"");
        while self.pick(4) > 0 {
            match self.pick(16) {
                0..4 => self.run(b"abc xyz'{[:,]}"),
                4..7 => self.run(b"p"),
                7..10 => {
                    let escape = self.one_of(b"\"\\/bfnrt");
                    self.write([b'\\', escape]);
                }
                10 | 11 => {
                    let escape = format!("\\u{:04x}", self.number());
                    self.write(escape);
                }
                12 => {
                    let (high, low) = (self.number() % 1024, self.number() % 1024);
                    self.write(format!("\\uD{:03X}\\ud{:03x}", 0x800 + high, 0xc00 + low));
                }
                13 | 14 => {
                    let number = u32::try_from(16 * self.number()).unwrap();
                    let character = char::from_u32(number).filter(|c| !c.is_control());
                    self.write(character.unwrap_or('\u{e9}').to_string());
                }
                _ if self.pick(8) == 1 => {
                    let byte = self.byte();
                    self.write([byte]);
                }
                _ => {}
            }
        }
        self.write("\"");
    }

    fn decimal(&mut self) {
        let sign = self.one_of(&["", "-"]);
        self.write(sign);
        let lead = self.one_of(b"0123456789");
        self.write([lead]);
        if lead != b'0' {
            self.run(b"0123456789");
        }
        if self.pick(3) == 1 {
            self.write(".");
            self.run(b"0123456789");
        }
        if self.pick(3) == 1 {
            let exponent = self.one_of(&["e", "E", "e+", "E+", "e-", "E-"]);
            self.write(exponent);
            let digits = match self.pick(4) {
                1 => 999_999 * self.number(),
                2 => self.number() % 400,
                _ => self.number() % 100,
            };
            self.write(digits.to_string());
        }
    }

    /// Some of these bytes, mostly few; at least one.
    fn run(&mut self, of: &[u8]) {
        let length = match self.pick(8) {
            0 => 3 * u32::from(self.byte()),
            1 => u32::from(self.byte()),
            _ => self.pick(20).into(),
        };
        let bytes: Vec<u8> = (0..=length).map(|_| self.one_of(of)).collect();
        self.write(bytes);
    }
}
