//! The programs as they would be in a product, without printing: their sizes, and that they run.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use object::{File, Object, ObjectSection, ObjectSymbol, SectionKind};
use owproto_std::{Client, sim};
use owproto_tests::qemu::{Board, program};
use owproto_tests::tools::Tool;

use super::budgets::budgets;

/// The memory that an ELF file needs in a controller, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Sizes {
    /// Code, constants, the vector table, and the initial values of variables.
    flash: u64,
    /// Static variables, without the stack.
    ram: u64,
}

fn sizes(elf: &[u8]) -> Sizes {
    let file = File::parse(elf).expect("the linker makes ELF files");
    let mut sizes = Sizes { flash: 0, ram: 0 };
    for section in file.sections() {
        let (flash, ram) = match section.kind() {
            SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => (1, 0),
            // Its initial values are in the flash.
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
fn no_program_exceeds_its_budget() {
    let budgets = budgets().programs;
    assert!(budgets.len() >= 2);
    let library = fs::read_to_string(program("product", "library")).unwrap();
    let is_ready_made = match library.trim() {
        "built" => false,
        "ready-made" => true,
        other => panic!("{other}?"),
    };
    let mut exceeded = Vec::new();
    for (name, budget) in &budgets {
        let Sizes { flash, ram } = sizes(&fs::read(program("product", name)).unwrap());
        let flash_budget = budget.flash + if is_ready_made { budget.ready_made_library } else { 0 };
        println!("{name}: {flash} of {flash_budget} bytes flash, {ram} of {} bytes static RAM", budget.ram);
        assert!(flash > 1000 && ram > 1000, "{name} is not a program");
        if flash > flash_budget || ram > budget.ram {
            exceeded.push(name);
        }
    }
    assert!(exceeded.is_empty(), "too large: {exceeded:?}");
}

/// The pattern of unused stack (cortex-m-rt, `STACK_PAINT_VALUE`).
const PAINT: [u8; 4] = 0xcccc_cccc_u32.to_le_bytes();

/// Prints how many bytes of stack were used, and checks that they are within the budget.
fn check_stack(board: &Board, name: &str) {
    let elf = fs::read(program("product", name)).unwrap();
    let file = File::parse(&*elf).unwrap();
    let symbol = |name: &str| file.symbols().find(|symbol| symbol.name() == Ok(name)).unwrap().address();
    let (end, start) = (symbol("_stack_end"), symbol("_stack_start"));
    let memory = board.memory(end, start - end);
    let unused = memory.chunks(4).take_while(|word| *word == PAINT).count() as u64 * 4;
    let (used, budget) = (start - end - unused, budgets().programs[name].stack);
    println!("{name}: {used} of {budget} bytes stack");
    assert!(unused > 0 && used > 100, "{used} of {}", start - end);
    assert!(used <= budget, "too much");
}

#[test]
fn the_client_runs_within_its_stack_budget() {
    let server = sim::Server::start("tester:10,28,22,26".parse().unwrap()).unwrap();
    let board = Board::client(server.local_addr()).product(Some(server.local_addr())).start();
    let deadline = Instant::now() + Duration::from_secs(60);
    // Three rounds of a listing and four temperatures.
    while server.statistics().requests < 15 {
        assert!(Instant::now() < deadline, "{:?}", server.statistics());
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(server.statistics().malformed, 0);
    check_stack(&board, "client");
}

/// In QEMU its pin has no wire: it is a bus without devices, or a broken one.
#[test]
fn the_gateway_runs_within_its_stack_budget() {
    let board = Board::gateway().product(None).start_without_waiting();
    let deadline = Instant::now() + Duration::from_secs(60);
    let client = Client::new(&board.address().to_string()).unwrap();
    while client.ping().is_err() {
        assert!(Instant::now() < deadline, "the gateway does not reply");
    }
    for number in 0..20 {
        let _ = Tool::Owdir.run(board.address(), ["/", "/uncached", "/settings", "/structure/28"]);
        let reading = Tool::Owread.run(board.address(), [format!("/28.{number:02X}0000000000/temperature")]);
        assert_ne!(reading.status, Some(0));
        let _ = Tool::Owwrite.run(board.address(), ["/settings/units/temperature_scale", "F"]);
    }
    check_stack(&board, "gateway");
}
