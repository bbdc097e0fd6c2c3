//! Many try to dispense one pack: exactly one does.

use anyhow::{Result, ensure};
use e2e::{Network, OrganisationSpec};

use crate::support::{WITHIN, accepted, all_anchored, captured, dispense, draw, verdict};

#[tokio::test(flavor = "multi_thread")]
async fn of_any_number_of_simultaneous_dispenses_through_two_pharmacies_one_wins() -> Result<()> {
    let mut members = OrganisationSpec::four();
    members.push(OrganisationSpec::second_pharmacy());
    let mut network = Network::builder().organisations(members).start().await?;
    let manufacturer = network.service("manufacturer")?.client()?;
    let (one, two) = (network.service("pharmacy")?.client()?, network.service("pharmacy_2")?.client()?);
    let shipment = draw(41)?;
    let job = accepted(&manufacturer, &shipment.xml).await?;
    captured(&manufacturer, &job).await?;
    all_anchored(&manufacturer, &shipment).await?;

    for serial in &shipment.packs[..4] {
        let scan = shipment.scan(serial)?;
        verdict(&one, &scan, "genuine").await?;
        verdict(&two, &scan, "genuine").await?;
        let attempts = (0..16).map(|turn| dispense(if turn % 2 == 0 { &one } else { &two }, &scan));
        let answers = futures::future::try_join_all(attempts).await?;
        let won =
            answers.iter().filter(|answer| answer.status.is_success() && answer.json()["final"] == true);
        let open =
            answers.iter().filter(|answer| answer.status.is_success() && answer.json()["final"] == false);
        let (won, open) = (won.count(), open.count());
        ensure!(won <= 1, "{won} of 16 dispensed one pack");
        ensure!(won + open >= 1, "nobody dispensed the pack");
        for service in network.services() {
            verdict(&service.client()?, &scan, "inactive").await?;
        }
    }
    network.agree(WITHIN).await?;
    network.stop().await
}
