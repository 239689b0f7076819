"""Development scores of a dual encoder: the first rows of a split hold the right candidates of all their queries."""

import pytest
import torch

from workflow.scripts.features.store import TokenIds, write_features
from workflow.scripts.files import write_table
from workflow.scripts.modeling.checkpoints import new_masked_lm
from workflow.scripts.modeling.heads import make_head
from workflow.scripts.sources.canonical import to_table
from workflow.scripts.sources.ranking_pools import merge_candidates
from workflow.scripts.tasks import Family
from workflow.scripts.tasks.ranking_schemas import candidate_row, query_row
from workflow.scripts.training.evaluation import DevelopmentSets

TOKENS = TokenIds(vocabulary_size=60, pad=1, mask=4, special=(0, 1, 2, 3, 4))
SHAPE = {"hidden_size": 16, "layers": 1, "attention_heads": 2, "feed_forward_size": 16, "max_positions": 32}
SHAPE |= {"dropout": 0.0, "initializer_range": 0.3}


@pytest.mark.parametrize("examples", [None, 5, 7, 30])
def test_queries_that_are_their_candidates_text_score_100(tmp_path, examples):
    rows, ids = [], []
    for number in range(20):
        rows += [candidate_row(f"c{number}", "", None, [f"{number}"]), query_row(f"q{number}", "", f"{number}")]
        ids += [[0, 5 + number, 30 + number, 2]] * 2
    merged = [row | {"language": "en"} for row in merge_candidates(rows)]
    write_table(tmp_path / "lareqa/dev.parquet", to_table(Family.RANKING, merged))
    columns = {
        "example": range(40),
        "input_ids": ids,
        "side": [1, 0] * 20,
        "partner": [row - 1 if row % 2 else -1 for row in range(40)],
        "group": [row // 2 for row in range(40)],
    }
    write_features(tmp_path / "lareqa/dev.arrow", columns, family="ranking", tokens=TOKENS, labels=())
    torch.manual_seed(0)
    encoder, heads = new_masked_lm(SHAPE, TOKENS).base_model, {"lareqa": make_head("ranking", 16, 0, 0.0)}
    sets = DevelopmentSets([tmp_path / "lareqa/dev.parquet"], [tmp_path / "lareqa/dev.arrow"], torch.device("cpu"))
    assert sets.score(encoder, heads, examples) == {"lareqa": {"map_at_20": pytest.approx(100)}}
