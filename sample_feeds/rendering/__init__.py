"""Pictures of the sample house: geometry, light, scenes, cameras."""
