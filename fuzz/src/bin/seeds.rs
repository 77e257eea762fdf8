//! Writes the seeds of all targets: `seeds FOLDER` makes `FOLDER/TARGET/NAME`.

use std::path::PathBuf;
use std::{env, fs, io};

use owproto_fuzz::{TARGETS, seeds};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).unwrap_or_else(|| "corpus".into()));
    for (target, _) in TARGETS {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (name, seed) in seeds::of(target) {
            fs::write(folder.join(name), seed)?;
        }
    }
    Ok(())
}
