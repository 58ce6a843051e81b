from rsvlm.training.plan import Block, memory_plan

BLOCKS = [Block("frozen", 600, False), Block("trained", 400, True)]


def test_float32_on_one_worker_by_hand():
    plan = memory_plan(BLOCKS)
    assert (plan.weights, plan.gradients, plan.optimiser, plan.total) == (4000, 1600, 3200, 8800)


def test_zero_stages_share_out_more_and_more():
    # bfloat16: 2 bytes of weights, 2 of gradients, 4 + 4 + 4 of Adam's states and master weights a parameter.
    plans = [memory_plan(BLOCKS, stage=stage, workers=4, precision="bfloat16") for stage in (0, 1, 2, 3)]
    assert [(plan.weights, plan.gradients, plan.optimiser) for plan in plans] == [
        (2000, 800, 4800),
        (2000, 800, 1200),
        (2000, 200, 1200),
        (500, 200, 1200),
    ]
