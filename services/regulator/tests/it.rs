//! The regulator's service as a whole: its document, and who may call what.

#[tokio::test]
async fn the_document_is_as_committed_and_every_operation_asks_for_its_permission() {
    api::testing::check_service(&regulator::definition()).await.unwrap();
}
