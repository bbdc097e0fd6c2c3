//! The main job, end to end.

use e2e::journey::{Journey, Step};
use e2e::{Network, OrganisationSpec};

#[tokio::test(flavor = "multi_thread")]
async fn one_shipment_travels_from_the_line_to_the_patient() -> anyhow::Result<()> {
    let network = Network::builder().organisations(OrganisationSpec::four()).start().await?;
    let tell =
        |step: &Step| println!("{:<14} {:?} {} ms: {}", step.who, step.block, step.milliseconds, step.what);
    let outcome = Journey::draw(&network, 7)?.run(&tell).await;
    if let Some(failure) = outcome.failure {
        return Err(failure);
    }
    assert_eq!(outcome.ok, outcome.steps);
    network.stop().await
}
