//! An example: tests of a program that uses an owserver, with a simulated one.

use std::time::Duration;

use owproto_core::ReturnCode;
use owproto_core::text::Value;
use owproto_std::{Client, Error, sim};

/// The program under test: switches the heating on below 19 degrees, and off above 21.
fn control(client: &Client) -> Result<(), Error> {
    let celsius = client.read_number("/living room/temperature")?;
    if !(19.0..=21.0).contains(&celsius) {
        client.write("/heating/PIO.A", if celsius < 19.0 { "1" } else { "0" })?;
    }
    Ok(())
}

#[test]
fn the_heating_follows_the_temperature() -> Result<(), Box<dyn std::error::Error>> {
    let server = sim::Server::start("28=living room,3A=heating".parse()?)?;
    let client = Client::new(&server.local_addr().to_string())?;
    let room = server.simulator().device("living room").unwrap();
    let heating = server.simulator().device("heating").unwrap();
    let is_on = || heating.value("PIO.A").unwrap().value().as_bool() == Some(true);

    for (celsius, expected) in [(18.5, true), (20.0, true), (21.5, false), (20.0, false), (18.9, true)] {
        room.set("temperature", Value::Float(celsius))?;
        control(&client)?;
        assert_eq!(is_on(), expected, "{celsius}");
    }
    Ok(())
}

#[test]
fn errors_of_the_sensor_are_returned() -> Result<(), Box<dyn std::error::Error>> {
    let server = sim::Server::start("28=living room,3A=heating".parse()?)?;
    let client = Client::new(&server.local_addr().to_string())?;
    let room = server.simulator().device("living room").unwrap();

    room.set_errors(sim::Occurrence::Always, ReturnCode::IO);
    assert!(control(&client).unwrap_err().is_transient());

    room.set_errors(sim::Occurrence::Never, ReturnCode::IO);
    room.set_presence(sim::Presence::Absent);
    assert!(control(&client).is_err());

    room.set_presence(sim::Presence::Present);
    room.set_latency(Duration::from_millis(50));
    control(&client)?;
    Ok(())
}
