//! `cargo xtask demo`: from a fresh checkout to moving pictures with nothing asked.
//! First without a display, which is quick to build; then, where there is one, in the window.

use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::packages;
use crate::step;
use crate::workspace;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let wish = Wish::parse(arguments)?;
    packages::ensure(&[&packages::LIBCLANG])?;
    step::run(
        "building transom",
        &mut workspace::cargo(["build", "--locked", "--release", "-p", "transom-box"]),
    )?;
    step::run(
        "camera box, watcher and file transfer on loopback",
        Command::new(workspace::release("transom")).args(["demo", "--seconds", &wish.seconds]),
    )
}

struct Wish {
    seconds: String,
}

impl Wish {
    fn parse(arguments: &[&str]) -> Outcome<Self> {
        let mut wish = Self {
            seconds: "10".into(),
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match (*argument, rest.as_slice().first()) {
                ("--seconds", Some(value)) if value.parse::<u32>().is_ok_and(|n| n > 0) => {
                    wish.seconds = (*value).into();
                    rest.next();
                }
                ("--seconds", _) => {
                    return Err(Failure::usage("demo: --seconds takes a number from 1"));
                }
                (other, _) => return Err(Failure::usage(format!("demo: {other}: not known"))),
            }
        }
        Ok(wish)
    }
}
