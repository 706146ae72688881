"""SLSTT: the order of its tokens, and both aggregators."""

import torch

from microexpr.models.recognisers.slstt import Encoder, Lstms, Mean


def test_the_class_token_sees_a_square_by_its_position():
    """Squares that change places change the result; without position embeddings they do not."""
    torch.manual_seed(0)
    encoder, flow = Encoder(16, 8, 12, 1, 2, 0.0), torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        exchanged = flow.roll(8, 3)
        assert not torch.allclose(encoder(flow), encoder(exchanged), atol=1e-4)
        encoder.position.zero_()
        torch.testing.assert_close(encoder(flow), encoder(exchanged), atol=1e-5, rtol=1e-4)


def test_the_lstm_knows_the_order_of_flows_and_the_mean_does_not():
    torch.manual_seed(0)
    sequence, lstms, mean = torch.randn(2, 5, 12), Lstms(12, 8, 3, 6, 3), Mean(12, 3)
    assert (mean(sequence) == 0).all()  # its weights start at zero
    torch.nn.init.normal_(mean.classify.weight)
    with torch.no_grad():
        assert not torch.allclose(lstms(sequence), lstms(sequence.flip(1)), atol=1e-4)
        torch.testing.assert_close(mean(sequence), mean(sequence.flip(1)))
        torch.testing.assert_close(mean(sequence), mean.classify(sequence.mean(1)))
