//! The code size of parts of the core alone. The linker has checked that they cannot panic.

use std::fs;

use object::{File, Object, ObjectSection, ObjectSymbol, SectionKind};

use super::budgets::budgets;
use owproto_tests::qemu::program;

/// Code and constants, without the compiler's memory functions and the transport.
fn own_size(elf: &[u8]) -> u64 {
    let file = File::parse(elf).expect("the linker makes ELF files");
    let is_program = |kind| {
        matches!(
            kind,
            SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::ReadOnlyString | SectionKind::Data
        )
    };
    let all: u64 = file
        .sections()
        // The unwinder's tables, which are not used.
        .filter(|section| is_program(section.kind()) && !section.name().unwrap_or("").starts_with(".ARM"))
        .map(|section| section.size())
        .sum();
    let of_others: u64 =
        file.symbols().filter(|symbol| symbol.name().is_ok_and(is_others)).map(|s| s.size()).sum();
    assert!(of_others > 200, "every program copies memory, and sends");
    all - of_others
}

fn is_others(symbol: &str) -> bool {
    let is_memory_function = matches!(symbol, "memcpy" | "memmove" | "memset" | "memcmp");
    is_memory_function
        || symbol.starts_with("__aeabi_")
        || symbol.contains("17compiler_builtins")
        || ["3now", "4send", "7receive"]
            .iter()
            .any(|name| symbol.contains(&format!("14owproto_budget{name}")))
}

#[test]
fn no_part_of_the_core_exceeds_its_budget() {
    let mut exceeded = Vec::new();
    let budgets = budgets().core;
    for (name, targets) in &budgets {
        for (target, budget) in targets {
            let size = own_size(&fs::read(program(&format!("core/{target}"), name)).unwrap());
            println!("{name}, {target}: {size} of {budget} bytes");
            assert!(size > 1000, "{name} is empty");
            if size > *budget {
                exceeded.push((name, target));
            }
        }
    }
    assert!(exceeded.is_empty(), "too large: {exceeded:?}");
}
