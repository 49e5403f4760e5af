#include "SpineForgeActor.h"

#include "Animation/AnimSequence.h"
#include "Components/DirectionalLightComponent.h"
#include "Components/SkeletalMeshComponent.h"
#include "Components/SkyLightComponent.h"
#include "Components/StaticMeshComponent.h"
#include "ContentStreaming.h"
#include "Dom/JsonObject.h"
#include "Engine/DirectionalLight.h"
#include "Engine/Level.h"
#include "Engine/LevelStreamingDynamic.h"
#include "Engine/SkeletalMesh.h"
#include "Engine/SkyLight.h"
#include "Engine/StaticMeshActor.h"
#include "Engine/World.h"
#include "EngineUtils.h"
#include "Kismet/GameplayStatics.h"
#include "Materials/MaterialInterface.h"
#include "Misc/FileHelper.h"
#include "Misc/Paths.h"
#include "Misc/SecureHash.h"
#include "RenderingThread.h"
#include "Serialization/JsonReader.h"
#include "Serialization/JsonSerializer.h"

namespace
{
const TCHAR* Root = TEXT("/Game/SpineForge");

// An imported glTF faces +Y in Unreal's axes; a person of ours at yaw 0 faces +X.
const FRotator FacesForward(0.0, -90.0, 0.0);

FString Error(const FString& Words)
{
	return TEXT("error ") + Words;
}

TSharedPtr<FJsonObject> ReadObject(const FString& Text)
{
	TSharedPtr<FJsonObject> Object;
	const TSharedRef<TJsonReader<>> Reader = TJsonReaderFactory<>::Create(Text);
	return FJsonSerializer::Deserialize(Reader, Object) ? Object : nullptr;
}

FString Quoted(const FString& Text)
{
	return TEXT("\"") + Text.ReplaceCharWithEscapedChar() + TEXT("\"");
}

FString Triple(double A, double B, double C)
{
	return FString::Printf(TEXT("[%.6f,%.6f,%.6f]"), A, B, C);
}
} // namespace

FString ASpineForgeActor::GetVersion()
{
	return TEXT("{\"capture_api\":1,\"world\":\"unreal\",\"renderer\":\"Unreal Engine\"}");
}

bool ASpineForgeActor::LoadManifest(FString& Words)
{
	if (Manifest.IsValid())
	{
		return true;
	}
	const FString File = FPaths::ProjectContentDir() / TEXT("SpineForge/Manifest/spineforge.json");
	FString Text;
	if (!FFileHelper::LoadFileToString(Text, *File))
	{
		Words = Error(File + TEXT(" is missing: run Scripts/import.sh"));
		return false;
	}
	Manifest = ReadObject(Text);
	if (!Manifest.IsValid())
	{
		Words = Error(File + TEXT(" is no JSON: run Scripts/import.sh again"));
	}
	return Manifest.IsValid();
}

TSharedPtr<FJsonObject> ASpineForgeActor::FindRow(const TCHAR* List, const FString& Asset) const
{
	for (const TSharedPtr<FJsonValue>& Value : Manifest->GetArrayField(List))
	{
		const TSharedPtr<FJsonObject> Row = Value->AsObject();
		if (Row->GetStringField(TEXT("asset")) == Asset)
		{
			return Row;
		}
	}
	return nullptr;
}

FString ASpineForgeActor::SetPlace(const FString& Name, const FString& Seed)
{
	FString Words;
	if (!LoadManifest(Words))
	{
		return Words;
	}
	const FString Asset = FString::Printf(TEXT("P_%s_%s"), *Name, *Seed);
	const TSharedPtr<FJsonObject> Row = FindRow(TEXT("places"), Asset);
	if (!Row.IsValid())
	{
		return Error(TEXT("no place ") + Asset + TEXT(": export-unreal did not write it"));
	}
	for (TPair<FString, FPerson>& Pair : People)
	{
		Pair.Value.Actor->Destroy();
	}
	People.Empty();
	if (Place != nullptr)
	{
		Place->SetIsRequestingUnloadAndRemoval(true);
	}
	bool bLoaded = false;
	const FString Path = FString::Printf(TEXT("%s/Places/%s"), Root, *Asset);
	Place = ULevelStreamingDynamic::LoadLevelInstance(
		GetWorld(), Path, FVector::ZeroVector, FRotator::ZeroRotator, bLoaded);
	if (!bLoaded)
	{
		Place = nullptr;
		return Error(TEXT("level ") + Path + TEXT(" is missing: run Scripts/import.sh"));
	}
	GetWorld()->FlushLevelStreaming();
	FString Objects;
	for (const TSharedPtr<FJsonValue>& Value : Row->GetArrayField(TEXT("objects")))
	{
		Objects += (Objects.IsEmpty() ? TEXT("") : TEXT(",")) + Quoted(Value->AsString());
	}
	return TEXT("{\"objects\":[") + Objects + TEXT("]}");
}

FString ASpineForgeActor::SetLight(const FString& Json)
{
	const TSharedPtr<FJsonObject> Light = ReadObject(Json);
	if (!Light.IsValid())
	{
		return Error(TEXT("Argument Invalid: expected a JSON object without spaces"));
	}
	FString Unused;
	for (const auto& Pair : Light->Values)
	{
		const FString Field = Pair.Key;
		const bool bSun = Field == TEXT("sun_azimuth_deg") || Field == TEXT("sun_elevation_deg")
			|| Field == TEXT("sun_strength") || Field == TEXT("sun_temperature_k");
		if (!bSun && Field != TEXT("sky_strength"))
		{
			Unused += (Unused.IsEmpty() ? TEXT("") : TEXT(",")) + Quoted(Field);
		}
	}
	double Number = 0.0;
	for (TActorIterator<ADirectionalLight> It(GetWorld()); It; ++It)
	{
		FRotator Turn = It->GetActorRotation();
		// Our azimuth turns from +x to our +y, which is Unreal's -Y; light flies away from the sun.
		Turn.Yaw = Light->TryGetNumberField(TEXT("sun_azimuth_deg"), Number) ? 180.0 - Number : Turn.Yaw;
		Turn.Pitch = Light->TryGetNumberField(TEXT("sun_elevation_deg"), Number) ? -Number : Turn.Pitch;
		It->SetActorRotation(Turn);
		if (Light->TryGetNumberField(TEXT("sun_strength"), Number))
		{
			It->GetComponent()->SetIntensity(Number);
		}
		if (Light->TryGetNumberField(TEXT("sun_temperature_k"), Number))
		{
			It->GetComponent()->SetUseTemperature(true);
			It->GetComponent()->SetTemperature(Number);
		}
	}
	for (TActorIterator<ASkyLight> It(GetWorld()); It; ++It)
	{
		if (Light->TryGetNumberField(TEXT("sky_strength"), Number))
		{
			It->GetLightComponent()->SetIntensity(Number);
			It->GetLightComponent()->RecaptureSky();
		}
	}
	return TEXT("{\"unused\":[") + Unused + TEXT("]}");
}

FString ASpineForgeActor::SpawnCharacter(const FString& Name, const FString& Json)
{
	FString Words;
	if (!LoadManifest(Words))
	{
		return Words;
	}
	// The text itself names the asset: 'spineforge export-unreal' took the MD5 of the same bytes.
	const FString Asset = TEXT("C_") + FMD5::HashAnsiString(*Json).Left(16);
	const TSharedPtr<FJsonObject> Row = FindRow(TEXT("characters"), Asset);
	USkeletalMesh* Mesh = Row.IsValid()
		? LoadObject<USkeletalMesh>(nullptr, *FString::Printf(TEXT("%s/Characters/%s/%s.%s"), Root, *Asset, *Asset, *Asset))
		: nullptr;
	if (Mesh == nullptr)
	{
		return Error(TEXT("no character ") + Asset + TEXT(" for this subject: export and import the run again"));
	}
	if (const FPerson* Old = People.Find(Name))
	{
		Old->Actor->Rename(); // frees the name at once; the actor itself goes at the end of the frame
		Old->Actor->Destroy();
	}
	FActorSpawnParameters Parameters;
	Parameters.Name = FName(*Name);
	Parameters.SpawnCollisionHandlingOverride = ESpawnActorCollisionHandlingMethod::AlwaysSpawn;
	FPerson Person;
	Person.Asset = Asset;
	Person.Actor = GetWorld()->SpawnActor<AActor>(AActor::StaticClass(), FTransform::Identity, Parameters);
	if (Person.Actor == nullptr)
	{
		return Error(TEXT("object ") + Name + TEXT(" exists already and is no character"));
	}
	USceneComponent* Base = NewObject<USceneComponent>(Person.Actor);
	Person.Actor->SetRootComponent(Base);
	Base->RegisterComponent();
	Person.Mesh = NewObject<USkeletalMeshComponent>(Person.Actor);
	Person.Mesh->SetupAttachment(Base);
	Person.Mesh->SetRelativeRotation(FacesForward);
	Person.Mesh->SetSkeletalMesh(Mesh);
	Person.Mesh->VisibilityBasedAnimTickOption = EVisibilityBasedAnimTickOption::AlwaysTickPoseAndRefreshBones;
	Person.Mesh->RegisterComponent();
	People.Add(Name, Person);
	return FString::Printf(TEXT("{\"stature_cm\":%.6f,\"mass_kg\":%.6f}"),
		Row->GetNumberField(TEXT("stature_cm")), Row->GetNumberField(TEXT("mass_kg")));
}

FString ASpineForgeActor::PlayClip(const FString& Name, const FString& Clip, const FString& Seconds)
{
	FPerson* Person = People.Find(Name);
	if (Person == nullptr)
	{
		return Error(TEXT("Cannot find object"));
	}
	TSharedPtr<FJsonObject> Known;
	for (const TSharedPtr<FJsonValue>& Value : FindRow(TEXT("characters"), Person->Asset)->GetArrayField(TEXT("clips")))
	{
		if (Value->AsObject()->GetStringField(TEXT("name")) == Clip)
		{
			Known = Value->AsObject();
		}
	}
	const FString Path = FString::Printf(TEXT("%s/Characters/%s/%s.%s"), Root, *Person->Asset, *Clip, *Clip);
	UAnimSequence* Sequence = Known.IsValid() ? LoadObject<UAnimSequence>(nullptr, *Path) : nullptr;
	if (Sequence == nullptr)
	{
		return Error(TEXT("no clip ") + Clip + TEXT(" for ") + Person->Asset);
	}
	const double Fps = Known->GetNumberField(TEXT("fps"));
	const int32 Frames = Known->GetIntegerField(TEXT("frames"));
	const int32 Frame = FMath::Clamp(FMath::RoundHalfToEven(FCString::Atod(*Seconds) * Fps), 0.0, Frames - 1.0);
	Person->Mesh->PlayAnimation(Sequence, false);
	Person->Mesh->SetPlayRate(0.0f); // held: only SetPosition moves it
	Person->Mesh->SetPosition(Frame / Fps, false);
	Person->Mesh->TickAnimation(0.0f, false);
	Person->Mesh->RefreshBoneTransforms();
	Person->Clip = Clip;
	Person->Frame = Frame;
	return FString::Printf(TEXT("{\"clip\":%s,\"frame\":%d,\"frames\":%d,\"fps\":%.6f}"), *Quoted(Clip), Frame, Frames, Fps);
}

FString ASpineForgeActor::GetMarkers(const FString& Name)
{
	const FPerson* Person = People.Find(Name);
	if (Person == nullptr)
	{
		return Error(TEXT("Cannot find object"));
	}
	return TEXT("{\"markers\":") + PointsOf(*Person, TEXT("marker_")) + TEXT(",\"keypoints\":")
		+ PointsOf(*Person, TEXT("keypoint_")) + TEXT(",\"held\":") + HeldBy(*Person) + TEXT("}");
}

FString ASpineForgeActor::GetBones(const FString& Name)
{
	const FPerson* Person = People.Find(Name);
	if (Person == nullptr)
	{
		return Error(TEXT("Cannot find object"));
	}
	FString Bones;
	TArray<FName> Names;
	Person->Mesh->GetBoneNames(Names);
	for (const FName& Bone : Names)
	{
		const FVector At = Person->Mesh->GetSocketLocation(Bone);
		const FRotator Turn = Person->Mesh->GetSocketRotation(Bone);
		Bones += (Bones.IsEmpty() ? TEXT("") : TEXT(",")) + Quoted(Bone.ToString()) + TEXT(":{\"location\":")
			+ Triple(At.X, At.Y, At.Z) + TEXT(",\"rotation\":") + Triple(Turn.Pitch, Turn.Yaw, Turn.Roll) + TEXT("}");
	}
	return TEXT("{\"bones\":{") + Bones + TEXT("},\"held\":") + HeldBy(*Person) + TEXT("}");
}

FString ASpineForgeActor::SetMaterial(const FString& Name, const FString& Material)
{
	const FString Path = FString::Printf(TEXT("%s/Materials/%s.%s"), Root, *Material, *Material);
	UMaterialInterface* Look = LoadObject<UMaterialInterface>(nullptr, *Path);
	if (Look == nullptr)
	{
		return Error(TEXT("no material ") + Path);
	}
	for (TActorIterator<AStaticMeshActor> It(GetWorld()); It; ++It)
	{
		if (It->GetName() == Name)
		{
			UStaticMeshComponent* Mesh = It->GetStaticMeshComponent();
			for (int32 Slot = 0; Slot < Mesh->GetNumMaterials(); ++Slot)
			{
				Mesh->SetMaterial(Slot, Look);
			}
			return TEXT("{}");
		}
	}
	return Error(TEXT("Cannot find object"));
}

ASpineForgeActor::ASpineForgeActor()
{
	PrimaryActorTick.bCanEverTick = true;
}

void ASpineForgeActor::Tick(float Seconds)
{
	Super::Tick(Seconds);
	if (TicksLeft > 0 && --TicksLeft == 0)
	{
		UGameplayStatics::SetGamePaused(this, true);
	}
}

FString ASpineForgeActor::Step(const FString& Ticks)
{
	const int32 Count = FCString::Atoi(*Ticks);
	if (Count < 1 || Count > 10000)
	{
		return Error(TEXT("Argument Invalid"));
	}
	TicksLeft = Count;
	UGameplayStatics::SetGamePaused(this, false);
	return FString::Printf(TEXT("{\"ticks\":%d}"), Count);
}

FString ASpineForgeActor::Settle()
{
	GetWorld()->FlushLevelStreaming();
	IStreamingManager::Get().StreamAllResources(10.0f);
	FlushRenderingCommands();
	return TEXT("{\"settled\":true}");
}

FString ASpineForgeActor::PointsOf(const FPerson& Person, const FString& Prefix) const
{
	FString Points;
	TArray<FName> Bones;
	Person.Mesh->GetBoneNames(Bones);
	for (const FName& Bone : Bones)
	{
		const FString Text = Bone.ToString();
		if (Text.StartsWith(Prefix))
		{
			const FVector At = Person.Mesh->GetSocketLocation(Bone);
			Points += (Points.IsEmpty() ? TEXT("") : TEXT(",")) + Quoted(Text.RightChop(Prefix.Len())) + TEXT(":")
				+ Triple(At.X, At.Y, At.Z);
		}
	}
	return TEXT("{") + Points + TEXT("}");
}

FString ASpineForgeActor::HeldBy(const FPerson& Person) const
{
	const FVector At = Person.Actor->GetActorLocation();
	const FRotator Turn = Person.Actor->GetActorRotation();
	return FString::Printf(TEXT("{\"clip\":%s,\"frame\":%d,\"location\":%s,\"rotation\":%s}"), *Quoted(Person.Clip),
		Person.Frame, *Triple(At.X, At.Y, At.Z), *Triple(Turn.Pitch, Turn.Yaw, Turn.Roll));
}
