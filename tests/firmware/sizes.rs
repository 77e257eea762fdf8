//! What the programs may take, and what they take.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use object::{File, Object, ObjectSection, SectionKind};
use owproto_tests::qemu::product;
use serde::Deserialize;

/// `firmware/budgets.toml`: bytes for each program.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    flash: u64,
    ram: u64,
}

/// What an ELF file puts into a controller, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Sizes {
    /// Code, constants, the vector table, and the values that variables begin with.
    flash: u64,
    /// Static variables. The stack is not among them.
    ram: u64,
}

fn sizes(elf: &[u8]) -> Sizes {
    let file = File::parse(elf).expect("the linker makes ELF files");
    let mut sizes = Sizes { flash: 0, ram: 0 };
    for section in file.sections() {
        let (flash, ram) = match section.kind() {
            SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => (1, 0),
            // Its first values are kept in the flash.
            SectionKind::Data => (1, 1),
            SectionKind::UninitializedData => (0, 1),
            _ => (0, 0),
        };
        sizes.flash += flash * section.size();
        sizes.ram += ram * section.size();
    }
    sizes
}

#[test]
fn programs_keep_to_their_budgets() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../owproto-embedded/firmware/budgets.toml");
    let budgets: BTreeMap<String, Budget> = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(budgets.len() >= 2);
    let mut exceeded = Vec::new();
    for (name, budget) in &budgets {
        let Sizes { flash, ram } = sizes(&fs::read(product(name)).unwrap());
        println!("{name}: {flash} of {} bytes flash, {ram} of {} bytes static RAM", budget.flash, budget.ram);
        assert!(flash > 1000 && ram > 1000, "{name} is not a program");
        if flash > budget.flash || ram > budget.ram {
            exceeded.push(name);
        }
    }
    assert!(exceeded.is_empty(), "too large: {exceeded:?}");
}
