use embedded_hal::digital::ErrorKind;
use owproto_core::text::RomId;
use owproto_core::time::Instant;
use owproto_onewire::emulation::{EmulatedWire, Line, Slave};
use owproto_onewire::{Fault, Master, Wire};

const ID: RomId = RomId::new(0x28, [1, 2, 3, 4, 5, 6]);

fn simulated() -> EmulatedWire<fn() -> Instant, 1> {
    EmulatedWire::new(|| Instant::ZERO, [Slave::thermometer(ID, 0)])
}

/// Writes down the edges and samples, each with its time.
#[derive(Default)]
struct Recorder {
    micros: u32,
    events: Vec<(u32, Event)>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Event {
    Low,
    High,
    Sample,
}

impl Recorder {
    fn push(&mut self, event: Event) -> Result<(), ErrorKind> {
        self.events.push((self.micros, event));
        Ok(())
    }
}

impl Wire for Recorder {
    fn drive_low(&mut self) -> Result<(), ErrorKind> {
        self.push(Event::Low)
    }
    fn release(&mut self) -> Result<(), ErrorKind> {
        self.push(Event::High)
    }
    fn is_high(&mut self) -> Result<bool, ErrorKind> {
        self.push(Event::Sample).map(|()| true)
    }
    fn delay_us(&mut self, micros: u32) {
        self.micros += micros;
    }
}

/// When the line fell, rose and was looked at.
fn times(events: &[(u32, Event)]) -> (u32, u32, Option<u32>) {
    let at = |wanted: Event| events.iter().find(|(_, event)| *event == wanted).map(|(at, _)| *at);
    (at(Event::Low).unwrap(), at(Event::High).unwrap(), at(Event::Sample))
}

#[test]
fn bits_are_within_the_data_sheet() {
    let mut master = Master::new(Recorder::default());
    for bit in [true, false] {
        master.wire_mut().events.clear();
        let start = master.wire().micros;
        master.write_bit(bit).unwrap();
        let (low, high, _) = times(&master.wire().events);
        let allowed = if bit { 1..=15 } else { 60..=120 };
        assert!(allowed.contains(&(high - low)), "{bit}: {}", high - low);
        let slot = master.wire().micros - start;
        assert!((61..=121).contains(&slot), "{bit}: {slot}");
        assert!(master.wire().micros > high, "there is no recovery time");
    }
    master.wire_mut().events.clear();
    master.read_bit().unwrap();
    let (low, high, sample) = times(&master.wire().events);
    assert!((1..15).contains(&(high - low)));
    // With two microseconds for the pins.
    assert!((high + 2..=low + 13).contains(&sample.unwrap()));
}

#[test]
fn a_reset_is_within_the_data_sheet() {
    let mut master = Master::new(Recorder::default());
    assert_eq!(master.reset(), Err(Fault::NoPresence));
    let events = &master.wire().events;
    let low = events.iter().find(|(_, event)| *event == Event::Low).unwrap().0;
    let after: Vec<_> = events.iter().skip_while(|(_, event)| *event != Event::Low).collect();
    let high = after.iter().find(|(_, event)| *event == Event::High).unwrap().0;
    let sample = after.iter().find(|(_, event)| *event == Event::Sample).unwrap().0;
    assert!((480..=640).contains(&(high - low)));
    // A presence pulse begins after 60 at the latest, and lasts at least until 75.
    assert!((60..=75).contains(&(sample - high)));
    assert!(master.wire().micros - high >= 480);
    assert!(master.wire().micros <= 1000, "a step is to take a millisecond");
}

#[test]
fn the_simulated_wire_notices_what_is_out_of_limits() {
    for (low, rest, is_right) in [
        (6, 64, true),
        (60, 5, true),
        (6, 40, false),
        (30, 40, false),
        (130, 10, false),
        (300, 10, false),
        (60, 0, false),
    ] {
        let mut wire = simulated();
        for _ in 0..2 {
            wire.drive_low().unwrap();
            wire.delay_us(low);
            wire.release().unwrap();
            wire.delay_us(rest);
        }
        assert_eq!(wire.violations() == 0, is_right, "{low} low, {rest} high");
    }
    let mut wire = simulated();
    wire.drive_low().unwrap();
    wire.delay_us(500);
    wire.release().unwrap();
    wire.delay_us(300);
    wire.drive_low().unwrap();
    assert_eq!(wire.violations(), 1, "a bit too soon after a reset");
}

#[test]
fn a_late_sample_reads_a_one() {
    let mut master = Master::new(simulated());
    let mut read_at = |micros: u32| {
        master.reset().unwrap();
        // All devices, which is one, are to send their scratchpad.
        master.write_byte(0xcc).unwrap();
        master.write_byte(0xbe).unwrap();
        // 85 °C: the first four bits are 0.
        let wire = master.wire_mut();
        wire.drive_low().unwrap();
        wire.delay_us(2);
        wire.release().unwrap();
        wire.delay_us(micros - 2);
        let bit = wire.is_high().unwrap();
        wire.delay_us(80);
        bit
    };
    assert!(!read_at(14));
    assert!(read_at(16));
}

#[test]
fn shorts_and_silence() {
    let mut master = Master::new(simulated());
    master.wire_mut().set_line(Line::Shorted);
    assert_eq!(master.reset(), Err(Fault::Short));
    master.wire_mut().set_line(Line::Cut);
    assert_eq!(master.reset(), Err(Fault::NoPresence));
    master.wire_mut().set_line(Line::Sound);
    assert_eq!(master.reset(), Ok(()));
}

#[test]
fn a_pin_that_fails_is_told() {
    struct Broken;
    impl Wire for Broken {
        fn drive_low(&mut self) -> Result<(), ErrorKind> {
            Err(ErrorKind::Other)
        }
        fn release(&mut self) -> Result<(), ErrorKind> {
            Ok(())
        }
        fn is_high(&mut self) -> Result<bool, ErrorKind> {
            Ok(true)
        }
        fn delay_us(&mut self, _: u32) {}
    }
    assert_eq!(Master::new(Broken).reset(), Err(Fault::Pin(ErrorKind::Other)));
    assert_eq!(Master::new(Broken).read_byte(), Err(Fault::Pin(ErrorKind::Other)));
}
