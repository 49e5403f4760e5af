using UnrealBuildTool;

public class SpineForgeEditorTarget : TargetRules
{
	public SpineForgeEditorTarget(TargetInfo Target) : base(Target)
	{
		Type = TargetType.Editor;
		DefaultBuildSettings = BuildSettingsVersion.Latest;
		IncludeOrderVersion = EngineIncludeOrderVersion.Latest;
		ExtraModuleNames.Add("SpineForge");
	}
}
