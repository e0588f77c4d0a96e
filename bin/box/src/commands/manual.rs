//! `transom manual FOLDER`, in builds with the feature `manual` only: a page for each command.

use std::path::Path;

use clap::CommandFactory;

use crate::args::Arguments;
use crate::failure::Failure;

pub(crate) fn run(folder: &Path) -> Result<(), Failure> {
    clap_mangen::generate_to(Arguments::command(), folder).map_err(|error| {
        let what = format!("can't write pages into {}", folder.display());
        Failure::new(what, error)
    })
}
