"""All kinds of studies. A further one is a module with a `KIND`, a line here, an analysis in `studies/analyses/`."""

from workflow.scripts.designs import domain, duration, nli_scaling, similarity, typology
from workflow.scripts.designs.kind import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (duration.KIND, nli_scaling.KIND, similarity.KIND, typology.KIND, domain.KIND)
}
