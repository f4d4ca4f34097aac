"""Results as hooks are told them."""
